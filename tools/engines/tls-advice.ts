/** What helps where Terraform's provider and Keycloak do not agree on TLS; the sentences are those of Go, Node.js and OpenSSL. */
const ABOUT_TLS: readonly (readonly [sign: RegExp, advice: string])[] = [
  [
    /certificate signed by unknown authority|of a CA that is not trusted here/,
    "Keycloak's certificate is of a CA that its Terraform provider does not trust. Declare that CA: `tls.authority` of the KeycloakServer, `authority` of `fromUrl`, or `root_ca_certificate` of a provider of your own.",
  ],
  [
    /tls: (certificate required|bad certificate|unknown certificate|unknown certificate authority|expired certificate)|it (asks for a|refuses the) client certificate/i,
    "Keycloak asks Terraform for a client certificate of a CA that it trusts. Declare one: `tls.terraformCertificate` of the KeycloakServer, `terraformCertificate` of `fromUrl`, or `tls_client_certificate` and `tls_client_private_key` of a provider of your own.",
  ],
  [
    /x509: certificate has expired|its certificate has expired/,
    "Renew Keycloak's certificate (`m2m certificates renew NAME`, then `m2m up`), or set this machine's clock.",
  ],
  [
    /x509: certificate is (valid|not valid) for|its certificate is for another name/,
    "Keycloak's certificate lacks the name in the server's address. Add it to the `dnsNames` of the certificate, and run `m2m up`.",
  ],
  [
    /no file exists at .*-tls\.key/s,
    "The private key of Terraform's client certificate is not on this machine. Deploy where it is, or bring it here.",
  ],
];

/** What Terraform printed as one line: it wraps sentences, and draws boxes around them. */
export function inOneLine(output: string): string {
  return output.replaceAll(/\s*\n[\s│]*/g, " ");
}

/** What helps, for what Terraform printed; nothing if it says nothing of TLS. */
export function tlsAdvice(output: string): string[] {
  return ABOUT_TLS.filter(([sign]) => sign.test(inOneLine(output))).map(([, advice]) => advice);
}
