/**
 * The kinds to which Velero v1.18.3 can apply strategic merge patches: those of core/v1, apps/v1 and batch/v1 in
 * Kubernetes 1.33, of volume snapshots, and of Velero. Generated from the field tags of the Go types.
 */
export const strategicKinds: Readonly<Record<string, readonly string[]>> = {
  'apps/v1': ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  'batch/v1': ['CronJob', 'Job'],
  'groupsnapshot.storage.k8s.io/v1beta2': [
    'VolumeGroupSnapshot',
    'VolumeGroupSnapshotClass',
    'VolumeGroupSnapshotContent',
  ],
  'snapshot.storage.k8s.io/v1': ['VolumeSnapshot', 'VolumeSnapshotClass', 'VolumeSnapshotContent'],
  v1: [
    'Binding',
    'ComponentStatus',
    'ConfigMap',
    'Endpoints',
    'Event',
    'LimitRange',
    'Namespace',
    'Node',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'Pod',
    'PodStatusResult',
    'PodTemplate',
    'RangeAllocation',
    'ReplicationController',
    'ResourceQuota',
    'Secret',
    'Service',
    'ServiceAccount',
  ],
  'velero.io/v1': [
    'Backup',
    'BackupRepository',
    'BackupStorageLocation',
    'DeleteBackupRequest',
    'DownloadRequest',
    'PodVolumeBackup',
    'PodVolumeRestore',
    'Restore',
    'Schedule',
    'ServerStatusRequest',
    'VolumeSnapshotLocation',
  ],
  'velero.io/v2alpha1': ['DataDownload', 'DataUpload'],
}

/**
 * One line per type: its name, and its fields that are objects or lists as `field:type`. `{}` is a map, `[]` a list of
 * scalars, `[]T` a list of objects. `!` precedes a patch strategy, `@` the merge key. Types without such fields are
 * absent.
 */
export const strategicTypes = `
Affinity nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
Backup metadata:ObjectMeta spec:BackupSpec status:BackupStatus
BackupHooks resources:[]BackupResourceHookSpec
BackupRepository metadata:ObjectMeta spec:BackupRepositorySpec status:BackupRepositoryStatus
BackupRepositorySpec repositoryConfig:{}
BackupRepositoryStatus recentMaintenance:[]BackupRepositoryMaintenanceStatus
BackupResourceHook exec:ExecHook
BackupResourceHookSpec excludedNamespaces:[] excludedResources:[] includedNamespaces:[] includedResources:[] labelSelector:LabelSelector post:[]BackupResourceHook pre:[]BackupResourceHook
BackupSpec excludedClusterScopedResources:[] excludedNamespaceScopedResources:[] excludedNamespaces:[] excludedResources:[] hooks:BackupHooks includedClusterScopedResources:[] includedNamespaceScopedResources:[] includedNamespaces:[] includedResources:[] labelSelector:LabelSelector metadata:Metadata orLabelSelectors:[]LabelSelector orderedResources:{} resourcePolicy:TypedLocalObjectReference uploaderConfig:UploaderConfigForBackup volumeSnapshotLocations:[]
BackupStatus hookStatus:HookStatus progress:BackupProgress validationErrors:[]
BackupStorageLocation metadata:ObjectMeta spec:BackupStorageLocationSpec status:BackupStorageLocationStatus
BackupStorageLocationSpec config:{} credential:SecretKeySelector objectStorage:ObjectStorageLocation
Binding metadata:ObjectMeta target:ObjectReference
CSIPersistentVolumeSource controllerExpandSecretRef:SecretReference controllerPublishSecretRef:SecretReference nodeExpandSecretRef:SecretReference nodePublishSecretRef:SecretReference nodeStageSecretRef:SecretReference volumeAttributes:{}
CSIVolumeSource nodePublishSecretRef:LocalObjectReference volumeAttributes:{}
Capabilities add:[] drop:[]
CephFSPersistentVolumeSource monitors:[] secretRef:SecretReference
CephFSVolumeSource monitors:[] secretRef:LocalObjectReference
CinderPersistentVolumeSource secretRef:SecretReference
CinderVolumeSource secretRef:LocalObjectReference
ClusterTrustBundleProjection labelSelector:LabelSelector
ComponentStatus conditions:[]ComponentCondition!merge@type metadata:ObjectMeta
ConfigMap binaryData:{} data:{} metadata:ObjectMeta
ConfigMapProjection items:[]KeyToPath
ConfigMapVolumeSource items:[]KeyToPath
Container args:[] command:[] env:[]EnvVar!merge@name envFrom:[]EnvFromSource lifecycle:Lifecycle livenessProbe:Probe ports:[]ContainerPort!merge@containerPort readinessProbe:Probe resizePolicy:[]ContainerResizePolicy resources:ResourceRequirements securityContext:SecurityContext startupProbe:Probe volumeDevices:[]VolumeDevice!merge@devicePath volumeMounts:[]VolumeMount!merge@mountPath
ContainerImage names:[]
ContainerState running:ContainerStateRunning terminated:ContainerStateTerminated waiting:ContainerStateWaiting
ContainerStatus allocatedResources:{} allocatedResourcesStatus:[]ResourceStatus!merge@name lastState:ContainerState resources:ResourceRequirements state:ContainerState user:ContainerUser volumeMounts:[]VolumeMountStatus!merge@mountPath
ContainerUser linux:LinuxContainerUser
ControllerRevision metadata:ObjectMeta
CronJob metadata:ObjectMeta spec:CronJobSpec status:CronJobStatus
CronJobSpec jobTemplate:JobTemplateSpec
CronJobStatus active:[]ObjectReference
DaemonSet metadata:ObjectMeta spec:DaemonSetSpec status:DaemonSetStatus
DaemonSetSpec selector:LabelSelector template:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy
DaemonSetStatus conditions:[]DaemonSetCondition!merge@type
DaemonSetUpdateStrategy rollingUpdate:RollingUpdateDaemonSet
DataDownload metadata:ObjectMeta spec:DataDownloadSpec status:DataDownloadStatus
DataDownloadSpec dataMoverConfig:{} targetVolume:TargetVolumeSpec
DataDownloadStatus progress:DataMoveOperationProgress
DataUpload metadata:ObjectMeta spec:DataUploadSpec status:DataUploadStatus
DataUploadSpec csiSnapshot:CSISnapshotSpec dataMoverConfig:{}
DataUploadStatus dataMoverResult:{} progress:DataMoveOperationProgress
DeleteBackupRequest metadata:ObjectMeta spec:DeleteBackupRequestSpec status:DeleteBackupRequestStatus
DeleteBackupRequestStatus errors:[]
Deployment metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
DeploymentSpec selector:LabelSelector strategy:DeploymentStrategy!retainKeys template:PodTemplateSpec
DeploymentStatus conditions:[]DeploymentCondition!merge@type
DeploymentStrategy rollingUpdate:RollingUpdateDeployment
DownloadRequest metadata:ObjectMeta spec:DownloadRequestSpec status:DownloadRequestStatus
DownloadRequestSpec target:DownloadTarget
DownwardAPIProjection items:[]DownwardAPIVolumeFile
DownwardAPIVolumeFile fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector
DownwardAPIVolumeSource items:[]DownwardAPIVolumeFile
EndpointAddress targetRef:ObjectReference
EndpointSubset addresses:[]EndpointAddress notReadyAddresses:[]EndpointAddress ports:[]EndpointPort
Endpoints metadata:ObjectMeta subsets:[]EndpointSubset
EnvFromSource configMapRef:ConfigMapEnvSource secretRef:SecretEnvSource
EnvVar valueFrom:EnvVarSource
EnvVarSource configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector
EphemeralContainer args:[] command:[] env:[]EnvVar!merge@name envFrom:[]EnvFromSource lifecycle:Lifecycle livenessProbe:Probe ports:[]ContainerPort!merge@containerPort readinessProbe:Probe resizePolicy:[]ContainerResizePolicy resources:ResourceRequirements securityContext:SecurityContext startupProbe:Probe volumeDevices:[]VolumeDevice!merge@devicePath volumeMounts:[]VolumeMount!merge@mountPath
EphemeralVolumeSource volumeClaimTemplate:PersistentVolumeClaimTemplate
Event involvedObject:ObjectReference metadata:ObjectMeta related:ObjectReference series:EventSeries source:EventSource
ExecAction command:[]
ExecHook command:[]
ExecRestoreHook command:[]
FCVolumeSource targetWWNs:[] wwids:[]
FlexPersistentVolumeSource options:{} secretRef:SecretReference
FlexVolumeSource options:{} secretRef:LocalObjectReference
GroupSnapshotHandles volumeSnapshotHandles:[]
HTTPGetAction httpHeaders:[]HTTPHeader
HostAlias hostnames:[]
ISCSIPersistentVolumeSource portals:[] secretRef:SecretReference
ISCSIVolumeSource portals:[] secretRef:LocalObjectReference
InitRestoreHook initContainers:[]RawExtension
Job metadata:ObjectMeta spec:JobSpec status:JobStatus
JobSpec podFailurePolicy:PodFailurePolicy selector:LabelSelector successPolicy:SuccessPolicy template:PodTemplateSpec
JobStatus conditions:[]JobCondition!merge@type uncountedTerminatedPods:UncountedTerminatedPods
JobTemplateSpec metadata:ObjectMeta spec:JobSpec
LabelSelector matchExpressions:[]LabelSelectorRequirement matchLabels:{}
LabelSelectorRequirement values:[]
Lifecycle postStart:LifecycleHandler preStop:LifecycleHandler
LifecycleHandler exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction
LimitRange metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeItem default:{} defaultRequest:{} max:{} maxLimitRequestRatio:{} min:{}
LimitRangeSpec limits:[]LimitRangeItem
LinuxContainerUser supplementalGroups:[]
LoadBalancerIngress ports:[]PortStatus
LoadBalancerStatus ingress:[]LoadBalancerIngress
Metadata labels:{}
Namespace metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceSpec finalizers:[]
NamespaceStatus conditions:[]NamespaceCondition!merge@type
Node metadata:ObjectMeta spec:NodeSpec status:NodeStatus
NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
NodeConfigSource configMap:ConfigMapNodeConfigSource
NodeConfigStatus active:NodeConfigSource assigned:NodeConfigSource lastKnownGood:NodeConfigSource
NodeDaemonEndpoints kubeletEndpoint:DaemonEndpoint
NodeRuntimeHandler features:NodeRuntimeHandlerFeatures
NodeSelector nodeSelectorTerms:[]NodeSelectorTerm
NodeSelectorRequirement values:[]
NodeSelectorTerm matchExpressions:[]NodeSelectorRequirement matchFields:[]NodeSelectorRequirement
NodeSpec configSource:NodeConfigSource podCIDRs:[]!merge taints:[]Taint
NodeStatus addresses:[]NodeAddress!merge@type allocatable:{} capacity:{} conditions:[]NodeCondition!merge@type config:NodeConfigStatus daemonEndpoints:NodeDaemonEndpoints features:NodeFeatures images:[]ContainerImage nodeInfo:NodeSystemInfo runtimeHandlers:[]NodeRuntimeHandler volumesAttached:[]AttachedVolume volumesInUse:[]
NodeSystemInfo swap:NodeSwapStatus
ObjectMeta annotations:{} finalizers:[]!merge labels:{} managedFields:[]ManagedFieldsEntry ownerReferences:[]OwnerReference!merge@uid
ObjectStorageLocation caCertRef:SecretKeySelector
PersistentVolume metadata:ObjectMeta spec:PersistentVolumeSpec status:PersistentVolumeStatus
PersistentVolumeClaim metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
PersistentVolumeClaimSpec accessModes:[] dataSource:TypedLocalObjectReference dataSourceRef:TypedObjectReference resources:VolumeResourceRequirements selector:LabelSelector
PersistentVolumeClaimStatus accessModes:[] allocatedResourceStatuses:{} allocatedResources:{} capacity:{} conditions:[]PersistentVolumeClaimCondition!merge@type modifyVolumeStatus:ModifyVolumeStatus
PersistentVolumeClaimTemplate metadata:ObjectMeta spec:PersistentVolumeClaimSpec
PersistentVolumeSpec accessModes:[] awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFilePersistentVolumeSource capacity:{} cephfs:CephFSPersistentVolumeSource cinder:CinderPersistentVolumeSource claimRef:ObjectReference csi:CSIPersistentVolumeSource fc:FCVolumeSource flexVolume:FlexPersistentVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource glusterfs:GlusterfsPersistentVolumeSource hostPath:HostPathVolumeSource iscsi:ISCSIPersistentVolumeSource local:LocalVolumeSource mountOptions:[] nfs:NFSVolumeSource nodeAffinity:VolumeNodeAffinity photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource quobyte:QuobyteVolumeSource rbd:RBDPersistentVolumeSource scaleIO:ScaleIOPersistentVolumeSource storageos:StorageOSPersistentVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource
Pod metadata:ObjectMeta spec:PodSpec status:PodStatus
PodAffinity preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
PodAffinityTerm labelSelector:LabelSelector matchLabelKeys:[] mismatchLabelKeys:[] namespaceSelector:LabelSelector namespaces:[]
PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
PodDNSConfig nameservers:[] options:[]PodDNSConfigOption searches:[]
PodFailurePolicy rules:[]PodFailurePolicyRule
PodFailurePolicyOnExitCodesRequirement values:[]
PodFailurePolicyRule onExitCodes:PodFailurePolicyOnExitCodesRequirement onPodConditions:[]PodFailurePolicyOnPodConditionsPattern
PodSecurityContext appArmorProfile:AppArmorProfile seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile supplementalGroups:[] sysctls:[]Sysctl windowsOptions:WindowsSecurityContextOptions
PodSpec affinity:Affinity containers:[]Container!merge@name dnsConfig:PodDNSConfig ephemeralContainers:[]EphemeralContainer!merge@name hostAliases:[]HostAlias!merge@ip imagePullSecrets:[]LocalObjectReference!merge@name initContainers:[]Container!merge@name nodeSelector:{} os:PodOS overhead:{} readinessGates:[]PodReadinessGate resourceClaims:[]PodResourceClaim!merge!retainKeys@name resources:ResourceRequirements schedulingGates:[]PodSchedulingGate!merge@name securityContext:PodSecurityContext tolerations:[]Toleration topologySpreadConstraints:[]TopologySpreadConstraint!merge@topologyKey volumes:[]Volume!merge!retainKeys@name
PodStatus conditions:[]PodCondition!merge@type containerStatuses:[]ContainerStatus ephemeralContainerStatuses:[]ContainerStatus hostIPs:[]HostIP!merge@ip initContainerStatuses:[]ContainerStatus podIPs:[]PodIP!merge@ip resourceClaimStatuses:[]PodResourceClaimStatus!merge!retainKeys@name
PodStatusResult metadata:ObjectMeta status:PodStatus
PodTemplate metadata:ObjectMeta template:PodTemplateSpec
PodTemplateSpec metadata:ObjectMeta spec:PodSpec
PodVolumeBackup metadata:ObjectMeta spec:PodVolumeBackupSpec status:PodVolumeBackupStatus
PodVolumeBackupSpec pod:ObjectReference tags:{} uploaderSettings:{}
PodVolumeBackupStatus progress:DataMoveOperationProgress
PodVolumeRestore metadata:ObjectMeta spec:PodVolumeRestoreSpec status:PodVolumeRestoreStatus
PodVolumeRestoreSpec pod:ObjectReference uploaderSettings:{}
PodVolumeRestoreStatus progress:DataMoveOperationProgress
PreferredSchedulingTerm preference:NodeSelectorTerm
Probe exec:ExecAction grpc:GRPCAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction
ProjectedVolumeSource sources:[]VolumeProjection
RBDPersistentVolumeSource monitors:[] secretRef:SecretReference
RBDVolumeSource monitors:[] secretRef:LocalObjectReference
RangeAllocation metadata:ObjectMeta
ReplicaSet metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetSpec selector:LabelSelector template:PodTemplateSpec
ReplicaSetStatus conditions:[]ReplicaSetCondition!merge@type
ReplicationController metadata:ObjectMeta spec:ReplicationControllerSpec status:ReplicationControllerStatus
ReplicationControllerSpec selector:{} template:PodTemplateSpec
ReplicationControllerStatus conditions:[]ReplicationControllerCondition!merge@type
ResourceQuota metadata:ObjectMeta spec:ResourceQuotaSpec status:ResourceQuotaStatus
ResourceQuotaSpec hard:{} scopeSelector:ScopeSelector scopes:[]
ResourceQuotaStatus hard:{} used:{}
ResourceRequirements claims:[]ResourceClaim limits:{} requests:{}
ResourceStatus resources:[]ResourceHealth
Restore metadata:ObjectMeta spec:RestoreSpec status:RestoreStatus
RestoreHooks resources:[]RestoreResourceHookSpec
RestoreResourceHook exec:ExecRestoreHook init:InitRestoreHook
RestoreResourceHookSpec excludedNamespaces:[] excludedResources:[] includedNamespaces:[] includedResources:[] labelSelector:LabelSelector postHooks:[]RestoreResourceHook
RestoreSpec excludedNamespaces:[] excludedResources:[] hooks:RestoreHooks includedNamespaces:[] includedResources:[] labelSelector:LabelSelector namespaceMapping:{} orLabelSelectors:[]LabelSelector resourceModifier:TypedLocalObjectReference resourcePolicy:TypedLocalObjectReference restoreStatus:RestoreStatusSpec uploaderConfig:UploaderConfigForRestore
RestoreStatus hookStatus:HookStatus progress:RestoreProgress validationErrors:[]
RestoreStatusSpec excludedResources:[] includedResources:[]
ScaleIOPersistentVolumeSource secretRef:SecretReference
ScaleIOVolumeSource secretRef:LocalObjectReference
Schedule metadata:ObjectMeta spec:ScheduleSpec status:ScheduleStatus
ScheduleSpec template:BackupSpec
ScheduleStatus validationErrors:[]
ScopeSelector matchExpressions:[]ScopedResourceSelectorRequirement
ScopedResourceSelectorRequirement values:[]
Secret data:{} metadata:ObjectMeta stringData:{}
SecretProjection items:[]KeyToPath
SecretVolumeSource items:[]KeyToPath
SecurityContext appArmorProfile:AppArmorProfile capabilities:Capabilities seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions
ServerStatusRequest metadata:ObjectMeta spec:ServerStatusRequestSpec status:ServerStatusRequestStatus
ServerStatusRequestStatus plugins:[]PluginInfo
Service metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceAccount imagePullSecrets:[]LocalObjectReference metadata:ObjectMeta secrets:[]ObjectReference!merge@name
ServiceSpec clusterIPs:[] externalIPs:[] ipFamilies:[] loadBalancerSourceRanges:[] ports:[]ServicePort!merge@port selector:{} sessionAffinityConfig:SessionAffinityConfig
ServiceStatus conditions:[]Condition!merge@type loadBalancer:LoadBalancerStatus
SessionAffinityConfig clientIP:ClientIPConfig
StatefulSet metadata:ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus
StatefulSetSpec ordinals:StatefulSetOrdinals persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy selector:LabelSelector template:PodTemplateSpec updateStrategy:StatefulSetUpdateStrategy volumeClaimTemplates:[]PersistentVolumeClaim
StatefulSetStatus conditions:[]StatefulSetCondition!merge@type
StatefulSetUpdateStrategy rollingUpdate:RollingUpdateStatefulSetStrategy
StorageOSPersistentVolumeSource secretRef:ObjectReference
StorageOSVolumeSource secretRef:LocalObjectReference
SuccessPolicy rules:[]SuccessPolicyRule
TopologySpreadConstraint labelSelector:LabelSelector matchLabelKeys:[]
UncountedTerminatedPods failed:[] succeeded:[]
Volume awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource
VolumeGroupSnapshot metadata:ObjectMeta spec:VolumeGroupSnapshotSpec status:VolumeGroupSnapshotStatus
VolumeGroupSnapshotClass metadata:ObjectMeta parameters:{}
VolumeGroupSnapshotContent metadata:ObjectMeta spec:VolumeGroupSnapshotContentSpec status:VolumeGroupSnapshotContentStatus
VolumeGroupSnapshotContentSource groupSnapshotHandles:GroupSnapshotHandles volumeHandles:[]
VolumeGroupSnapshotContentSpec source:VolumeGroupSnapshotContentSource volumeGroupSnapshotRef:ObjectReference
VolumeGroupSnapshotContentStatus error:VolumeSnapshotError volumeSnapshotInfoList:[]VolumeSnapshotInfo
VolumeGroupSnapshotSource selector:LabelSelector
VolumeGroupSnapshotSpec source:VolumeGroupSnapshotSource
VolumeGroupSnapshotStatus error:VolumeSnapshotError
VolumeNodeAffinity required:NodeSelector
VolumeProjection clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection secret:SecretProjection serviceAccountToken:ServiceAccountTokenProjection
VolumeResourceRequirements limits:{} requests:{}
VolumeSnapshot metadata:ObjectMeta spec:VolumeSnapshotSpec status:VolumeSnapshotStatus
VolumeSnapshotClass metadata:ObjectMeta parameters:{}
VolumeSnapshotContent metadata:ObjectMeta spec:VolumeSnapshotContentSpec status:VolumeSnapshotContentStatus
VolumeSnapshotContentSpec source:VolumeSnapshotContentSource volumeSnapshotRef:ObjectReference
VolumeSnapshotContentStatus error:VolumeSnapshotError
VolumeSnapshotLocation metadata:ObjectMeta spec:VolumeSnapshotLocationSpec status:VolumeSnapshotLocationStatus
VolumeSnapshotLocationSpec config:{} credential:SecretKeySelector
VolumeSnapshotSpec source:VolumeSnapshotSource
VolumeSnapshotStatus error:VolumeSnapshotError
WeightedPodAffinityTerm podAffinityTerm:PodAffinityTerm
`
