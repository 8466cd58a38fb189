// The chat: plan, site, sign-in, logs, and a rule that adds instances.
param name string
param location string
param tags object
param planSku string
param maxInstances int
param identityId string
param identityClientId string

@description('An image with its registry, or empty for the code that azd deploys.')
param image string
param allowAnonymous bool
param signInClientId string
param workspaceId string
param insightsConnection string

@description('Application settings that name the services.')
param settings object

// The names `imagelore.settings` reads come from main.bicep; these are the platform's own.
var common = {
  AZURE_CLIENT_ID: identityClientId
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
  IMAGELORE_BEHIND_SIGN_IN: string(!allowAnonymous)
  GRADIO_TEMP_DIR: '/tmp/gradio'
  IMAGELORE_DATA: '/home/imagelore' // thumbs: /home outlives restarts, and all instances share it
  WEBSITES_CONTAINER_START_TIME_LIMIT: '600' // seconds; a small plan takes longer than the default to load the packages
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
}
var forCode = {
  SCM_DO_BUILD_DURING_DEPLOYMENT: 'true'
  CUSTOM_REQUIREMENTSTXT_PATH: 'requirements/azure.txt'
  ApplicationInsightsAgent_EXTENSION_VERSION: '~3'
}
var forImage = {
  WEBSITES_PORT: '8000'
  WEBSITES_ENABLE_APP_SERVICE_STORAGE: 'true' // mounts /home
}
var startCode = 'PYTHONPATH="$PWD/src:$PYTHONPATH" python -m imagelore serve --host 0.0.0.0 --port 8000 --no-browser'
var scales = maxInstances > 1 && !startsWith(toUpper(planSku), 'B')

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'linux'
  sku: {
    name: planSku
    capacity: 1
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'web' })
  kind: empty(image) ? 'app,linux' : 'app,linux,container'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: true // a conversation lives in the memory of one instance
    publicNetworkAccess: 'Enabled'
    siteConfig: {
      linuxFxVersion: empty(image) ? 'PYTHON|3.12' : 'DOCKER|${image}'
      appCommandLine: empty(image) ? startCode : ''
      acrUseManagedIdentityCreds: !empty(image)
      acrUserManagedIdentityID: empty(image) ? '' : identityClientId
      alwaysOn: true
      healthCheckPath: '/health'
      webSocketsEnabled: true
      http20Enabled: true
      ftpsState: 'Disabled'
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: site
  name: 'appsettings'
  properties: union(settings, common, empty(image) ? forCode : forImage)
}

resource authentication 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: site
  name: 'authsettingsV2'
  properties: allowAnonymous ? {
    platform: {
      enabled: false
    }
  } : {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      excludedPaths: [
        '/health'
      ]
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: signInClientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            signInClientId
            'api://${signInClientId}'
          ]
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
  dependsOn: [
    appSettings
  ]
}

// Deployment by password is off, for files and for code: azd signs in with Entra.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [for way in ['ftp', 'scm']: {
  parent: site
  name: way
  properties: {
    allow: false
  }
}]

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: site
  properties: {
    workspaceId: workspaceId
    logs: [for category in ['AppServiceConsoleLogs', 'AppServiceHTTPLogs', 'AppServicePlatformLogs']: {
      category: category
      enabled: true
    }]
  }
}

// Answers wait for the model more than they compute, so requests count beside the processor. One instance more when
// either is high for 10 minutes, one fewer when both are low.
var rules = [for rule in [
  { metric: 'CpuPercentage', of: plan.id, sums: 'Average', more: true, than: 70 }
  { metric: 'CpuPercentage', of: plan.id, sums: 'Average', more: false, than: 30 }
  { metric: 'Requests', of: site.id, sums: 'Total', more: true, than: 1200 }
  { metric: 'Requests', of: site.id, sums: 'Total', more: false, than: 300 }
]: {
  metricTrigger: {
    metricName: rule.metric
    metricResourceUri: rule.of
    timeGrain: 'PT1M'
    statistic: rule.sums == 'Total' ? 'Sum' : 'Average'
    timeWindow: 'PT10M'
    timeAggregation: rule.sums
    operator: rule.more ? 'GreaterThan' : 'LessThan'
    threshold: rule.than
    dividePerInstance: rule.sums == 'Total'
  }
  scaleAction: {
    direction: rule.more ? 'Increase' : 'Decrease'
    type: 'ChangeCount'
    value: '1'
    cooldown: rule.more ? 'PT5M' : 'PT10M'
  }
}]

resource autoscale 'Microsoft.Insights/autoscalesettings@2022-10-01' = if (scales) {
  name: 'autoscale-${name}'
  location: location
  tags: tags
  properties: {
    enabled: true
    targetResourceUri: plan.id
    profiles: [
      {
        name: 'by load'
        capacity: {
          minimum: '1'
          maximum: string(maxInstances)
          default: '1'
        }
        rules: rules
      }
    ]
  }
}
