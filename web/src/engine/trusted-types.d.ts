/** The part of the Trusted Types API that we use; TypeScript's DOM library does not have it yet. */
interface TrustedScriptURL {
  toString(): string;
}

interface Window {
  readonly trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createScriptURL(candidate: string): string },
    ): { createScriptURL(candidate: string): TrustedScriptURL };
  };
}
