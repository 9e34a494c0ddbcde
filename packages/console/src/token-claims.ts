/** The claims of a token, as far as the console looks at them (contract section 3). Not verified: the hub does that. */
export interface TokenClaims {
  readonly sub?: string;
  readonly jti?: string;
  readonly tenant?: string;
  readonly iat?: number;
  readonly exp?: number;
  readonly tidings?: {
    readonly subscribe?: readonly string[];
    readonly publish?: readonly string[];
    readonly admin?: boolean;
  };
}
