// What one identity may do, each role on the one resource it is for. Answering reads; indexing writes.
// Role ids: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
param principalId string
param principalType string

@description('Index and upload as well.')
param writes bool

@description('Read and keep blob index tags: only Storage Blob Data Owner may.')
param blobTags bool
param cohere bool
param storageName string
param container string
param visionName string
param searchName string
param foundryName string

var blobReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // Storage Blob Data Reader
var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
var blobOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
var visionUser = 'a97b65f3-24c7-4388-baec-2e87135dc908' // Cognitive Services User
var openAiUser = '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd' // Cognitive Services OpenAI User
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7' // Reader: here, the index's definition, which holds the stamp
var indexReader = '1407120a-92aa-4202-b7e9-c0e197c71c8f' // Search Index Data Reader
var indexContributor = '8ebe5a00-799e-43f5-93ac-243d3dce84a7' // Search Index Data Contributor
var searchContributor = '7ca78c08-252a-4471-8644-bb5ff32d4ba0' // Search Service Contributor: creates the index

var blobRole = writes ? (blobTags ? blobOwner : blobContributor) : blobReader
var searchRoles = writes ? [searchContributor, indexContributor] : [reader, indexReader]
var foundryRoles = cohere ? [openAiUser, visionUser] : [openAiUser]

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' existing = {
  parent: account
  name: 'default'
}

resource pictures 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' existing = {
  parent: blobs
  name: container
}

resource vision 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: visionName
}

resource search 'Microsoft.Search/searchServices@2025-05-01' existing = {
  name: searchName
}

resource foundry 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: foundryName
}

resource onPictures 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(pictures.id, principalId, blobRole)
  scope: pictures
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobRole)
  }
}

resource onVision 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vision.id, principalId, visionUser)
  scope: vision
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', visionUser)
  }
}

resource onSearch 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in searchRoles: {
  name: guid(search.id, principalId, role)
  scope: search
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]

resource onFoundry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in foundryRoles: {
  name: guid(foundry.id, principalId, role)
  scope: foundry
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]
