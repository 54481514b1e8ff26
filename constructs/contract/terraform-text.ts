/** A text as it is, where Terraform would read an expression or a directive in it. */
export function literal(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, "$&$&");
}
