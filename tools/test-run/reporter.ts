import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Reporter, TestCase, TestModule, TestProject, TestSuite, Vitest } from "vitest/node";
import { CANCEL, type TestEvent } from "./events";

const SET_UP = "the global set-up";
const TEAR_DOWN = "the global tear-down";

/** Characters of an error; Vitest's own output has all of it. */
const MOST = 300;

type Entity = (TestCase | TestSuite | TestModule) & { readonly project: TestProject };

/** Tells the program that started Vitest what happens, as it happens. Vitest loads this file by its path. */
export default class EventReporter implements Reporter {
  private root = "";
  private longestHookMs = 0;
  private readonly begun = new Map<string, number>();

  onInit(vitest: Vitest): void {
    this.root = vitest.config.root;
    this.longestHookMs = Math.max(...vitest.projects.map(({ config }) => config.hookTimeout));
    process.on("message", (message) => {
      if (message === CANCEL) void vitest.cancelCurrentRun("keyboard-input");
    });
    process.on("disconnect", () => process.exit(1)); // nobody watches any more
    process.channel?.unref(); // Vitest ends when it is done, whoever listens
  }

  onTestRunStart(): void {
    this.begins(SET_UP, this.longestHookMs);
  }

  onTestModuleQueued(module: TestModule): void {
    const file = this.fileOf(module);
    this.ends(SET_UP);
    this.begun.set(file, performance.now());
    this.tell({ kind: "file-begins", file });
  }

  onTestModuleEnd(module: TestModule): void {
    const file = this.fileOf(module);
    const seconds = (performance.now() - this.begun.get(file)!) / 1000;
    const hasFailedTest = [...module.children.allTests("failed")].length > 0;
    const suites = [...module.children.allSuites()];
    if (!module.ok() && !hasFailedTest)
      this.fails(
        file,
        [module, ...suites].flatMap((one) => one.errors()),
      );
    this.tell({ kind: "file-ends", file, seconds });
  }

  onTestCaseReady(test: TestCase): void {
    this.begins(this.nameOf(test), test.options.timeout ?? test.project.config.testTimeout);
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    this.ends(this.nameOf(test), state);
    if (state === "failed") this.fails(this.nameOf(test), errors);
  }

  onHookStart({ name, entity }: { name: string; entity: Entity }): void {
    this.begins(`${this.nameOf(entity)} > ${name}`, entity.project.config.hookTimeout);
  }

  onHookEnd({ name, entity }: { name: string; entity: Entity }): void {
    this.ends(`${this.nameOf(entity)} > ${name}`);
  }

  onUserConsoleLog(): void {
    this.tell({ kind: "output" });
  }

  onTestRunEnd(): void {
    this.begins(TEAR_DOWN, this.longestHookMs);
  }

  private nameOf(entity: Entity): string {
    return entity.type === "module" ? this.fileOf(entity) : `${this.fileOf(entity.module)} > ${entity.fullName}`;
  }

  private fileOf({ moduleId }: TestModule): string {
    return relative(this.root, moduleId);
  }

  private begins(name: string, timeoutMs: number): void {
    this.tell({ kind: "begins", name, timeoutMs });
  }

  private ends(name: string, result?: ReturnType<TestCase["result"]>["state"]): void {
    this.tell({ kind: "ends", name, result });
  }

  private fails(name: string, [error]: readonly { readonly message: string }[]): void {
    const text = stripVTControlCharacters(error?.message ?? "no message").replace(/\s+/g, " ");
    this.tell({ kind: "fails", name, why: text.length > MOST ? `${text.slice(0, MOST)}…` : text });
  }

  private tell(event: TestEvent): void {
    process.send?.(event);
  }
}
