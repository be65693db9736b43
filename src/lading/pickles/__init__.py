"""What a pickle would do when it is loaded, followed without loading it; knows no artifact."""
