// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is Terraform that reads them
import { describe, expect, it } from "vitest";
import {
  fileContent,
  fileIn,
  literal,
  plain,
  variableIn,
  variableValue,
} from "../../../constructs/contract/terraform-text";

describe("literal", () => {
  it("escapes what Terraform would read as an expression or a directive, and nothing else", () => {
    expect(literal("a ${b} %{c} $d {e} 5%")).toBe("a $${b} %%{c} $d {e} 5%");
  });

  it.each(["machine-a", "${x}", "%{if}", "$${x}", "https://a.example/${b}?c=%7Bd%7D"])(
    "is undone by plain: %s",
    (text) => {
      expect(plain(literal(text))).toBe(text);
    },
  );
});

describe("the content of a file", () => {
  it("is an expression that Terraform evaluates", () => {
    expect(fileContent("../../certs/a.key")).toBe('${file("../../certs/a.key")}');
  });

  it.each(["../a.key", '/with "quotes"/a.key', "/with ${expression}/a.key", "/back\\slash/a.key"])(
    "is traced back to its path: %s",
    (path) => expect(fileIn(fileContent(path))).toBe(path),
  );

  it.each(["", "a.key", "${var.key}", '${file("a")}${file("b")', "${file(var.path)}"])("is not: %s", (text) =>
    expect(fileIn(text)).toBeUndefined(),
  );
});

it("a variable is named by a reference that stands alone", () => {
  expect(variableValue("a")).toBe("${var.a}");
  expect(variableIn(variableValue("keycloak_admin_password"))).toBe("keycloak_admin_password");
  expect(variableIn("change_me")).toBeUndefined();
  expect(variableIn("${var.a}${var.b}")).toBeUndefined();
});
