/** A PEM block as tests make one up: by its label and its body, whatever that is. */
export function pemBlock(label: string, body: string): string {
  return `${pemBegin(label)}${body}\n-----END ${label}-----`;
}

/** Its first line, as of a file that ends too early. */
export function pemBegin(label: string): string {
  return `-----BEGIN ${label}-----\n`;
}
