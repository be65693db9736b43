param location string = resourceGroup().location
param modelName string = 'gpt-4o'
param embeddingModelName string = 'text-embedding-3-large'
param tag string = '1.15.1'
var registry = 'ghcr.io/acme'
// image: 'not/read:1'

module account 'br/public:avm/res/cognitive-services/account:0.10.2' = {
  name: 'account'
}
module own './own.bicep' = {
  name: 'own'
}
resource openai 'Microsoft.CognitiveServices/accounts@2024-10-01' = {
  name: 'openai'
  kind: 'OpenAI'
}
resource chat 'Microsoft.CognitiveServices/accounts/deployments@2024-10-01' = {
  parent: openai
  properties: {
    model: {
      format: 'OpenAI'
      name: modelName
      version: '2024-11-20'
    }
  }
}
resource small 'Microsoft.CognitiveServices/accounts/deployments@2024-10-01' = {
  properties: {
    model: {
      format: 'Microsoft'
      name: 'Phi-4'
    }
  }
}
resource app 'Microsoft.App/containerApps@2024-03-01' = {
  properties: {
    template: {
      containers: [
        {
          image: 'qdrant/qdrant:v${tag}'
        }
        {
          image: '${registry}/chat:latest'
        }
        {
          image: 'mcr.microsoft.com/azuredocs/containerapps-helloworld:latest'
        }
      ]
    }
  }
}
