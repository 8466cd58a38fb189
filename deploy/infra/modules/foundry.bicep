// The Foundry account: the chat model that sees, and Cohere Embed v4 where it is wanted.
param name string
param location string
param tags object
param chatModel string
param chatModelVersion string
param chatSku string
param chatCapacity int
param cohere bool

var chat = {
  name: 'chat'
  format: 'OpenAI'
  model: chatModel
  version: chatModelVersion
  sku: chatSku
  capacity: chatCapacity
}
var embed = {
  name: 'embed-v-4-0'
  format: 'Cohere'
  model: 'embed-v-4-0'
  version: '1'
  sku: 'GlobalStandard'
  capacity: 1
}
var models = cohere ? [chat, embed] : [chat]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'AIServices'
  sku: {
    name: 'S0'
  }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: 'Enabled'
  }
}

@batchSize(1)
resource deployments 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = [for model in models: {
  parent: account
  name: model.name
  sku: {
    name: model.sku
    capacity: model.capacity
  }
  properties: {
    model: {
      format: model.format
      name: model.model
      version: model.version
    }
    versionUpgradeOption: 'OnceCurrentVersionExpired'
  }
}]

output name string = account.name
output openAiEndpoint string = 'https://${name}.openai.azure.com/'
output cohereEndpoint string = 'https://${name}.services.ai.azure.com/'
output chatDeployment string = chat.name
