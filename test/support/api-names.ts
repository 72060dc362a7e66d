/**
 * The public names as the compiler sees them: signatures, docstrings and members, as plain records.
 *
 * Signatures are written for readers: a type parameter stands as what it may be (`filters: number`), since what it does
 * to the shape of the result shows in the editor.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  API,
  type Checker,
  type Symbol as Name,
  type Project,
  type Signature,
  type Type,
} from "typescript/unstable/sync";

export interface Described {
  readonly name: string;
  readonly description: string;
}

export interface Member extends Described {
  readonly type: string;
  readonly isOptional: boolean;
}

export interface Options {
  readonly type: string;
  readonly members: readonly Member[];
}

export interface PublicName extends Described {
  readonly kind: "function" | "class" | "value" | "type";
  /** Where it is declared, from the root of the project. */
  readonly file: string;
  /** How it is called, or what it is. */
  readonly signatures: readonly string[];
  readonly parameters: readonly Described[];
  /** The last parameter, where it is an object of options. */
  readonly options: Options | undefined;
  readonly returns: string;
  readonly throws: readonly string[];
  readonly examples: readonly string[];
  readonly members: readonly Member[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));

// The compiler's own flags; its package has them as enums without a public path.
const flag = {
  class: 32,
  interface: 64,
  module: 512,
  alias: 2097152,
  typeAlias: 524288,
  value: 111551,
  optional: 16777216,
  notMember: 16384 | 262144,
};
const noTruncation = 1;
const [callSignatures, constructSignatures] = [0, 1] as const;

/** Reads the names that a module exports; names of a namespace follow as `ops.add`. */
class Reader {
  readonly #project: Project;
  readonly #checker: Checker;
  readonly #texts = new Map<string, string>();

  constructor(project: Project) {
    this.#project = project;
    this.#checker = project.checker;
  }

  namesOf(module: string): PublicName[] {
    const file = this.#project.program.getSourceFile(`${root}${module}`);
    const symbol = file && this.#checker.getSymbolAtLocation(file);
    if (symbol === undefined) throw new Error(`${module} is no module of this project`);
    return this.#exports(symbol, "");
  }

  #exports(module: Name, prefix: string): PublicName[] {
    return this.#checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & flag.alias ? this.#checker.getAliasedSymbol(exported) : exported;
      if (symbol.flags & flag.module) return this.#exports(symbol, `${exported.name}.`);
      return [this.#read(`${prefix}${exported.name}`, symbol)];
    });
  }

  #read(name: string, symbol: Name): PublicName {
    const isClass = (symbol.flags & flag.class) !== 0;
    const isValue = (symbol.flags & flag.value) !== 0 && !isClass;
    const valueType = isValue || isClass ? this.#checker.getTypeOfSymbol(symbol) : undefined;
    const signatures =
      valueType === undefined
        ? []
        : this.#checker.getSignaturesOfType(valueType, isClass ? constructSignatures : callSignatures);
    const kind = isClass ? "class" : signatures.length > 0 ? "function" : isValue ? "value" : "type";
    // What a constant of a callable type does may stand at the signature.
    const called = isValue
      ? valueType
          ?.getSymbol()
          ?.getMembers()
          .get("__call" as never)
      : undefined;
    const documented = [symbol, ...(called === undefined || called === symbol ? [] : [called])];
    const tags = documented.flatMap((one) => one.getJsDocTags(this.#checker));
    const texts = (tag: string): string[] => tags.filter((one) => one.name === tag).map((one) => one.text ?? "");
    const head = isClass
      ? (/constructor\([\s\S]*?\{\n/.exec(this.#source(symbol))?.[0] ?? "")
      : valueType === undefined
        ? ""
        : this.#text(valueType);
    const isData = kind === "type" || kind === "class";
    return {
      name,
      kind,
      file: this.#fileOf(symbol),
      description: documented
        .map((one) => one.getDocumentationComment(this.#checker))
        .filter(Boolean)
        .join("\n\n"),
      signatures:
        signatures.length > 0
          ? signatures.map((signature) => this.#signature(isClass ? `new ${name}` : name, signature, head, isClass))
          : [kind === "value" ? `${name}: ${this.#text(valueType as Type)}` : this.#declaration(symbol)],
      parameters: texts("param").map(parameterOf),
      options: signatures.map((signature) => this.#options(signature)).find((options) => options !== undefined),
      returns: texts("returns").join("\n"),
      throws: texts("throws"),
      examples: texts("example"),
      members: isData ? this.#members(symbol, isClass) : [],
    };
  }

  #fileOf(symbol: Name): string {
    const path = symbol.declarations[0]?.path ?? "";
    return path.slice(path.indexOf("/src/") + 1);
  }

  #text(type: Type): string {
    return this.#checker.typeToString(type, undefined, noTruncation);
  }

  /** `name(first: Type, second?: Type): Result`, with type parameters replaced by what they extend. */
  #signature(name: string, signature: Signature, head: string, isClass: boolean): string {
    const generics = new Map(
      signature.getTypeParameters().map((parameter): [string, string] => {
        const constraint = this.#checker.getConstraintOfTypeParameter(parameter);
        return [this.#text(parameter), constraint === undefined ? "unknown" : this.#text(constraint)];
      }),
    );
    const parameters = signature.getParameters().map((parameter, i, all) => {
      const type = this.#checker.getTypeOfSymbol(parameter);
      const isRest = signature.hasRestParameter && i === all.length - 1;
      // Named parameters behind a tuple: `...rest: [options?: Options]`.
      const tuple = isRest && type !== undefined ? /^\[([\s\S]*)\]$/.exec(this.#text(type))?.[1] : undefined;
      if (tuple !== undefined) return tuple.replaceAll(/(\?: [^,]*?) \| undefined/g, "$1");
      const whole = type === undefined ? "unknown" : this.#text(type);
      const isOptional =
        / \| undefined$/.test(whole) || new RegExp(`\\b${parameter.name}(\\?:| = |: [^,()]+ = )`).test(head);
      const plain = plainly(whole, generics);
      // What stands in an object of options is told below.
      const text = parameter.name === "options" ? plain.replace(/\{[\s\S]*\}/, "{ … }") : plain;
      return `${isRest ? "..." : ""}${parameter.name}${isOptional ? "?" : ""}: ${isOptional ? withoutUndefined(text) : text}`;
    });
    const result = this.#checker.getReturnTypeOfSignature(signature);
    const answer = isClass || result === undefined ? "" : `: ${resultOf(this.#text(result), generics)}`;
    return `${name}(${parameters.filter((text) => text !== "").join(", ")})${answer}`;
  }

  /** The text of a declaration from its name on. The compiler's own trees are slow to ask from here. */
  #source(symbol: Name): string {
    const file = this.#fileOf(symbol);
    const text = this.#texts.get(file) ?? readFileSync(`${root}${file}`, "utf8");
    this.#texts.set(file, text);
    const at = text.search(
      new RegExp(`^(export |declare |abstract |const )*(type|interface|class|function|const) ${symbol.name}\\b`, "m"),
    );
    return at < 0 ? "" : text.slice(at);
  }

  /** The head of a declaration of a type: an alias whole where it is short, an interface without its members. */
  #declaration(symbol: Name): string {
    const source = this.#source(symbol).replace(/^(export |declare )+/, "");
    const end = symbol.flags & flag.typeAlias ? source.search(/;\n/) : source.indexOf("{");
    const head = source.slice(0, end).trim();
    return head.length > 400 || head === "" ? `type ${symbol.name}` : head;
  }

  /** What a type holds, or what a class adds to those that it extends. */
  #members(symbol: Name, isClass: boolean): Member[] {
    const type = this.#checker.getDeclaredTypeOfSymbol(symbol);
    if (!isClass && !type.isObjectType() && !type.isIntersectionType()) return [];
    if (!isClass && this.#checker.getSignaturesOfType(type, callSignatures).length > 0) return [];
    const properties = isClass ? [...symbol.getMembers().values()] : this.#checker.getPropertiesOfType(type);
    const source = isClass ? this.#source(symbol) : "";
    return properties.flatMap((property) => this.#member(property, source));
  }

  /** @param source - of the class that has it, where there is one. */
  #member(property: Name, source: string): Member[] {
    const isOurs = property.declarations.length === 0 || property.declarations[0].path.includes("/src/");
    if (!isOurs || property.flags & flag.notMember || /[^\w$]|^__/.test(property.name)) return [];
    const isProtected = new RegExp(`^  protected [\\w ]*\\b${property.name}\\b`, "m").test(source);
    const type = this.#checker.getTypeOfSymbol(property);
    const isOptional = (property.flags & flag.optional) !== 0;
    const text = type === undefined ? "unknown" : this.#text(type);
    return [
      {
        name: isProtected ? `protected ${property.name}` : property.name,
        type: isOptional ? withoutUndefined(text) : text,
        isOptional,
        description: property.declarations.length > 0 ? this.#docOf(property) : ruleOfWeight(property.name),
      },
    ];
  }

  /** The options that a function takes last. */
  #options(signature: Signature): Options | undefined {
    const last = signature.getParameters().at(-1);
    const own = last && this.#checker.getTypeOfSymbol(last);
    const isTuple =
      signature.hasRestParameter && own?.isTypeReference() && /\boptions\?: [^,]*\]$/.test(this.#text(own));
    const given = isTuple ? this.#checker.getTypeArguments(own).at(-1) : last?.name === "options" ? own : undefined;
    if (given === undefined) return undefined;
    const generic = /^Only<(\w+), /.exec(this.#text(given))?.[1];
    const parameter = signature.getTypeParameters().find((one) => this.#text(one) === generic);
    const constraint = parameter && this.#checker.getConstraintOfTypeParameter(parameter);
    const type = constraint ?? this.#checker.getNonNullableType(given) ?? given;
    const members = this.#checker.getPropertiesOfType(type).flatMap((property) => this.#member(property, ""));
    return { type: this.#text(type), members };
  }

  #docOf(property: Name): string {
    const tags = property.getJsDocTags(this.#checker).filter(({ name }) => name === "param" || name === "throws");
    const said = tags.map(({ name, text = "" }) =>
      name === "throws" ? `Throws ${text}` : describedAs(parameterOf(text)),
    );
    return [property.getDocumentationComment(this.#checker), ...said].filter(Boolean).join(" ");
  }
}

const withoutUndefined = (type: string): string => type.replace(/ \| undefined$/, "");

/** Options such as `kernelRegularizer` are made by a type, which can give them no text of their own. */
const ruleOfWeight = (name: string): string =>
  name.endsWith("Regularizer")
    ? "What this weight costs in the loss. Default none."
    : name.endsWith("Constraint")
      ? "What this weight is made to be after each step. Default none."
      : "";

/** `@param name - text` or `@param name text`. */
function parameterOf(text: string): Described {
  const [, name = "", description = ""] = /^(\S+)\s*(?:-\s*)?([\s\S]*)$/.exec(text) ?? [];
  return { name, description };
}

export const describedAs = ({ name, description }: Described): string => `\`${name}\`: ${description}`;

/** A type with type parameters replaced by what they extend; `Only<O, Options>` is `Options`. */
function plainly(type: string, generics: ReadonlyMap<string, string>): string {
  const only = /^Only<\w+, ([\s\S]*)>( \| undefined)?$/.exec(type)?.[1] ?? type;
  const [, alone] = /^(\w+) & /.exec(only) ?? [];
  const shown = alone !== undefined && generics.has(alone) ? alone : only;
  return [...generics].reduce(
    (text, [name, meaning]) => text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), meaning),
    shown,
  );
}

/** The type of a result; what depends on type parameters stays out. */
function resultOf(type: string, generics: ReadonlyMap<string, string>): string {
  const depends = [...generics.keys()].some((name) => new RegExp(`\\b${name}\\b`).test(type));
  return depends ? type.replace(/<[\s\S]*>/, "") : type;
}

/** Every public name of the package, by the module that offers it. */
export function publicNames(): ReadonlyMap<string, readonly PublicName[]> {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProject: `${root}tsconfig.json` });
    const [project] = snapshot.getProjects();
    if (project === undefined) throw new Error("tsconfig.json is no project");
    const reader = new Reader(project);
    const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
    const modules = Object.entries<{ readonly types?: string }>(exports).flatMap(([path, { types }]) =>
      types === undefined ? [] : [[path.replace(".", "rhyton"), types.replace(/^\.\/dist\/(.*)\.d\.ts$/, "src/$1.ts")]],
    );
    return new Map(modules.map(([name, module]) => [name, reader.namesOf(module)]));
  } finally {
    api.close();
  }
}
