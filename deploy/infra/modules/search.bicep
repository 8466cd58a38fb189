// AI Search: roles only, no keys. imagelore creates the index itself.
param name string
param sku string
param location string
param tags object

resource service 'Microsoft.Search/searchServices@2025-05-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
  }
  properties: {
    replicaCount: 1
    partitionCount: 1
    hostingMode: 'Default'
    semanticSearch: sku == 'free' ? 'disabled' : 'free'
    disableLocalAuth: true
    publicNetworkAccess: 'Enabled'
  }
}

output name string = service.name
