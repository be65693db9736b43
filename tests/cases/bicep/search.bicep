resource search 'Microsoft.Search/searchServices@2024-06-01-preview' = {
  name: 'search'
}
