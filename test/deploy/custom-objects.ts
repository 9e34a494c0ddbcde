/** What the tests read of a PodMonitor. */
export interface PodMonitorSpec {
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podMetricsEndpoints: readonly {
    readonly port: string;
    readonly relabelings: readonly { readonly targetLabel: string; readonly replacement: string }[];
  }[];
}

/** What the tests read of a HorizontalPodAutoscaler. */
export interface AutoscalerSpec {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly behavior: object;
  readonly metrics: readonly {
    readonly pods?: { readonly metric: { readonly name: string }; readonly target: { readonly averageValue: string } };
    readonly resource?: { readonly target: { readonly averageUtilization: number } };
  }[];
}

/** What the tests read of KEDA's ScaledObject. */
export interface ScaledObjectSpec {
  readonly minReplicaCount: number;
  readonly maxReplicaCount: number;
  readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: object } };
  readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[];
}

/** What the tests read of the values for prometheus-adapter. */
export interface AdapterValues {
  readonly rules: {
    readonly custom: readonly { readonly name: { readonly as: string }; readonly seriesQuery: string }[];
  };
}

/** What the tests read of Envoy Gateway's BackendTrafficPolicy. */
export interface TrafficPolicySpec {
  readonly circuitBreaker: { readonly maxConnections: number; readonly maxParallelRequests: number };
}
