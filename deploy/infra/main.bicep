// The reference architecture in one resource group: pictures in Storage, vectors from AI Vision (or Cohere), an index in
// AI Search, answers from a vision deployment, the chat on App Service. No keys: every service has them switched off.
targetScope = 'subscription'

@minLength(1)
@maxLength(40)
@description('Name of the azd environment; the resource group and the tags carry it.')
param environmentName string

// Regions with multimodal embeddings:
// https://learn.microsoft.com/azure/ai-services/computer-vision/overview-image-analysis#region-availability
@description('Region of everything but the chat model.')
@allowed([
  'australiaeast'
  'eastus'
  'francecentral'
  'japaneast'
  'koreacentral'
  'northeurope'
  'southeastasia'
  'swedencentral'
  'switzerlandnorth'
  'westeurope'
  'westus'
  'westus2'
])
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Who indexes from this machine: object id of the deploying user; azd fills it in. Empty: nobody.')
param principalId string = ''

@allowed([
  'User'
  'ServicePrincipal'
])
param principalType string = 'User'

@description('Object id of a managed identity that may index too: the Azure ML compute cluster. Empty: none.')
param indexerPrincipalId string = ''

@description('true: no sign-in. Anybody who finds the address sees every picture and spends your tokens.')
param allowAnonymous bool = false

@description('An app registration that exists, where azd may not create one. Empty: created here.')
param signInClientId string = ''

@description('Name of the index in AI Search; another one moves the chat to another knowledge base.')
param index string = 'pictures'

@description('Read blob index tags while indexing: wants Storage Blob Data Owner in place of Contributor.')
param blobTags bool = false

@allowed([
  'F0'
  'S1'
])
@description('AI Vision: F0 is free (20 calls a minute, one account a subscription), S1 is paid (20 calls a second).')
param visionSku string = 'S1'

@allowed([
  'free'
  'basic'
  'standard'
  'standard2'
  'standard3'
])
param searchSku string = 'basic'

@description('Rank questions with the semantic ranker too: 1,000 a month are free.')
param semanticRanker bool = false

@description('Region of the Foundry account with the chat model. Empty: as everything else.')
param foundryLocation string = ''

@description('Any chat model that takes pictures. gpt-5.4-mini retires in September 2027.')
param chatModel string = 'gpt-5.4-mini'
param chatModelVersion string = '2026-03-17'
param chatSku string = 'GlobalStandard'

@description('Thousands of tokens a minute.')
param chatCapacity int = 50

@description('Deploy Cohere Embed v4 as well, the successor of AI Vision embeddings (which end on 25 September 2028).')
param cohere bool = false

@description('App Service plan. B1 is cheapest and does not scale by itself; P0v3 and up do.')
param planSku string = 'P0v3'

@minValue(1)
@maxValue(30)
param maxInstances int = 3

@description('Run this image (NAME:TAG in the registry made for it) instead of the deployed code. Empty: the code.')
param image string = ''

@minValue(1)
@description('Questions that one instance answers at the same time.')
param answersAtOnce int = 4

@minValue(1)
@description('Characters of a question.')
param maxQuestion int = 4000

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var siteName = 'app-${token}'
var siteAddress = 'https://${siteName}.azurewebsites.net'
var container = 'pictures'
var visionRate = visionSku == 'F0' ? '0.33' : '' // calls a second; empty: imagelore's default, 20

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    name: token
    location: location
    tags: tags
    publisherId: identity.outputs.principalId
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    container: container
    location: location
    tags: tags
  }
}

module vision 'modules/vision.bicep' = {
  name: 'vision'
  scope: group
  params: {
    name: 'cv-${token}'
    sku: visionSku
    location: location
    tags: tags
  }
}

module search 'modules/search.bicep' = {
  name: 'search'
  scope: group
  params: {
    name: 'srch-${token}'
    sku: searchSku
    location: location
    tags: tags
  }
}

module foundry 'modules/foundry.bicep' = {
  name: 'foundry'
  scope: group
  params: {
    name: 'ai-${token}'
    location: empty(foundryLocation) ? location : foundryLocation
    tags: tags
    chatModel: chatModel
    chatModelVersion: chatModelVersion
    chatSku: chatSku
    chatCapacity: chatCapacity
    cohere: cohere
  }
}

module registry 'modules/registry.bicep' = if (!empty(image)) {
  name: 'registry'
  scope: group
  params: {
    name: 'cr${token}'
    location: location
    tags: tags
    pullerId: identity.outputs.principalId
  }
}

module webAccess 'modules/access.bicep' = {
  name: 'access-web'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    principalType: 'ServicePrincipal'
    writes: false
    blobTags: false
    cohere: cohere
    storageName: storage.outputs.name
    container: container
    visionName: vision.outputs.name
    searchName: search.outputs.name
    foundryName: foundry.outputs.name
  }
}

module userAccess 'modules/access.bicep' = if (!empty(principalId)) {
  name: 'access-user'
  scope: group
  params: {
    principalId: principalId
    principalType: principalType
    writes: true
    blobTags: blobTags
    cohere: cohere
    storageName: storage.outputs.name
    container: container
    visionName: vision.outputs.name
    searchName: search.outputs.name
    foundryName: foundry.outputs.name
  }
}

module indexerAccess 'modules/access.bicep' = if (!empty(indexerPrincipalId)) {
  name: 'access-indexer'
  scope: group
  params: {
    principalId: indexerPrincipalId
    principalType: 'ServicePrincipal'
    writes: true
    blobTags: blobTags
    cohere: cohere
    storageName: storage.outputs.name
    container: container
    visionName: vision.outputs.name
    searchName: search.outputs.name
    foundryName: foundry.outputs.name
  }
}

module signIn 'modules/signin.bicep' = if (!allowAnonymous && empty(signInClientId)) {
  name: 'signin'
  scope: group
  params: {
    name: 'imagelore-${token}'
    displayName: 'imagelore (${environmentName})'
    siteAddress: siteAddress
    identityPrincipalId: identity.outputs.principalId
  }
}

module web 'modules/web.bicep' = {
  name: 'web'
  scope: group
  params: {
    name: siteName
    location: location
    tags: tags
    planSku: planSku
    maxInstances: maxInstances
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    image: empty(image) ? '' : '${registry.outputs.server}/${image}'
    allowAnonymous: allowAnonymous
    signInClientId: allowAnonymous ? '' : (empty(signInClientId) ? signIn.outputs.clientId : signInClientId)
    workspaceId: monitoring.outputs.workspaceId
    insightsConnection: monitoring.outputs.connection
    settings: {
      IMAGELORE_KB: 'azure-search://${search.outputs.name}/${index}'
      IMAGELORE_AZURE_SEARCH_SEMANTIC: string(semanticRanker)
      IMAGELORE_ANSWERS_AT_ONCE: string(answersAtOnce)
      IMAGELORE_MAX_QUESTION: string(maxQuestion)
      AZURE_STORAGE_ACCOUNT: storage.outputs.name
      AZURE_VISION_ENDPOINT: vision.outputs.endpoint
      IMAGELORE_AZURE_VISION_RATE: visionRate
      AZURE_COHERE_ENDPOINT: cohere ? foundry.outputs.cohereEndpoint : ''
      AZURE_OPENAI_ENDPOINT: foundry.outputs.openAiEndpoint
      AZURE_OPENAI_DEPLOYMENT: foundry.outputs.chatDeployment
    }
  }
}

// azd keeps these in its environment: `azd env get-values` is all that indexing from this machine needs.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_STORAGE_ACCOUNT string = storage.outputs.name
output AZURE_VISION_ENDPOINT string = vision.outputs.endpoint
output IMAGELORE_AZURE_VISION_RATE string = visionRate
output AZURE_COHERE_ENDPOINT string = cohere ? foundry.outputs.cohereEndpoint : ''
output AZURE_OPENAI_ENDPOINT string = foundry.outputs.openAiEndpoint
output AZURE_OPENAI_DEPLOYMENT string = foundry.outputs.chatDeployment
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = empty(image) ? '' : registry.outputs.server
output IMAGELORE_KB string = 'azure-search://${search.outputs.name}/${index}'
output SITE string = siteAddress
