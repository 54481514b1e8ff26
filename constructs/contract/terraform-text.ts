// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is Terraform that reads them
// How text and references stand in Terraform's JSON. In a quoted text `${` starts an expression, and `%{` a directive.

/**
 * A text as it is, where Terraform would read an expression or a directive in it. A token of cdktf stays one: it is what the
 * user wants Terraform to read.
 */
export function literal(text: string): string {
  return text.replaceAll(/[$%](?=\{)(?!\{TfToken\[)/g, "$&$&");
}

/** The text that {@link literal} was given. */
export function plain(text: string): string {
  return text.replaceAll("$${", "${").replaceAll("%%{", "%{");
}

/** The content of a file, which Terraform reads when it runs. The path is relative to the stack's folder. */
export function fileContent(path: string): string {
  return `\${file(${JSON.stringify(literal(path))})}`;
}

/** The path that {@link fileContent} was given; `undefined` for any other text. */
export function fileIn(text: string): string | undefined {
  const quoted = /^\$\{file\((".+")\)\}$/.exec(text)?.[1];
  return quoted === undefined ? undefined : plain(JSON.parse(quoted));
}

/** The value of a variable. */
export function variableValue(name: string): string {
  return `\${var.${name}}`;
}

/** The name of the variable that {@link variableValue} was given; `undefined` for any other text. */
export function variableIn(text: string): string | undefined {
  return /^\$\{var\.([\w-]+)\}$/.exec(text)?.[1];
}
