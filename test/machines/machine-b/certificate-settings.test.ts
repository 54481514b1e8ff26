import { describe, expect, it } from "vitest";
import { parseCallerCertificates, parseClientCertificates } from "../../../machines/machine-b/certificate-settings";

const tls = { caFile: "ca.crt", certificateFile: "b.crt", keyFile: "b.key" };

describe("CLIENT_CERTIFICATES", () => {
  it.each(["none", "request", "required"])("may be %s", (choice) => {
    expect(parseClientCertificates(choice, tls)).toBe(choice);
    expect(parseClientCertificates("none", undefined)).toBe("none");
  });

  it.each([
    ["yes", tls, "must be none, request or required, got: yes"],
    ["required", undefined, "is required, and so there must be TLS_CA_FILE, whose CAs issue them, got: none"],
    ["request", { ...tls, caFile: undefined }, "is request, and so there must be TLS_CA_FILE"],
    ["request", { caFile: "ca.crt" }, "there must be TLS_CERTIFICATE_FILE and TLS_KEY_FILE, got: none"],
  ])("is refused: %s beside %j", (text, files, message) => {
    expect(() => parseClientCertificates(text, files)).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(message) }),
    );
  });
});

describe("CALLER_CERTIFICATES", () => {
  it.each([
    ["", undefined],
    [" , ", undefined],
    ["machine-a=machine-a.example.org", { "machine-a": "machine-a.example.org" }],
    [" a = b=c , __proto__=x,", { a: "b=c", ["__proto__"]: "x" }],
  ])("reads %j", (text, callers) => {
    expect(parseCallerCertificates(text, "required")).toEqual(callers);
  });

  it.each([
    ["machine-a", "must be a list of client=common name, separated by commas, got: machine-a"],
    ["=x", "must be a list of client=common name"],
    ["a=", "must be a list of client=common name"],
    ["a=x,a=y", "must name each client once, got a twice"],
  ])("refuses %j", (text, message) => {
    expect(() => parseCallerCertificates(text, "request")).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it("is refused where nobody is asked for a certificate", () => {
    expect(() => parseCallerCertificates("a=x", "none")).toThrow("CLIENT_CERTIFICATES must be request or required");
  });
});
