import { mkdirSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { make, type Step } from "./make.ts";
import { proxyStub, type Target, targets } from "./targets.ts";
import type { Toolchain } from "./toolchain.ts";

const language = ["-std=c++17", "-O2", "-D_WIN32_WINNT=0x0601", "-DUNICODE", "-D_UNICODE"];
const warnings = ["-Wall", "-Wextra", "-Werror", "-Winvalid-pch"];

/** Folders of one build. */
export interface Places {
  /** The repository. */
  readonly root: string;
  /** Where programs and libraries go. */
  readonly output: string;
}

/** Builds everything for one architecture and returns the number of steps that were due. */
export async function buildNative(toolchain: Toolchain, places: Places, jobs: number): Promise<number> {
  const objects = join(places.output, "obj");
  const generated = join(objects, "idl");
  const proxyStubGenerated = join(objects, "proxystub");
  for (const folder of [generated, proxyStubGenerated]) mkdirSync(folder, { recursive: true });
  const precompiled = precompileStep(toolchain, places, objects);
  const first = [precompiled, ...idlSteps(toolchain, places, generated, proxyStubGenerated)];
  let due = await make(first, jobs);
  const compiles = new Map<string, Step>();
  const links: Step[] = [];
  for (const target of targets) {
    const steps = [...compileSteps(toolchain, places, target, generated, objects, precompiled)];
    for (const step of steps) compiles.set(step.output, step);
    if (steps.length > 0)
      links.push(
        linkStep(
          toolchain,
          places,
          target,
          steps.map(({ output }) => output),
        ),
      );
  }
  const stub = proxyStubSteps(toolchain, places, proxyStubGenerated);
  due += await make([...compiles.values(), ...stub.compiles], jobs);
  due += await make([...links, stub.link], jobs);
  return due;
}

/** The headers that nearly every file includes, read once. The compiler looks for it beside the name without .gch. */
function precompileStep(toolchain: Toolchain, places: Places, objects: string): Step {
  const source = join(places.root, "native/common/precompiled.h");
  const output = join(objects, "precompiled.h.gch");
  const args = [...language, ...warnings, "-x", "c++-header", "-o", output, source];
  return { output, inputs: [source], command: toolchain.cxx, arguments: args };
}

/** Headers for everyone; for the proxy/stub its own, with the work-around for widl's strings. */
function idlSteps(toolchain: Toolchain, places: Places, generated: string, stub: string): Step[] {
  const { widl, widlBits, idlFolder } = toolchain;
  const flags = [widlBits, "-Oicf", "-I", idlFolder];
  const steps: Step[] = [];
  for (const name of proxyStub.interfaces) {
    const source = join(places.root, "native/idl", `${name}.idl`);
    const step = (output: string, ...more: string[]) =>
      steps.push({
        output,
        inputs: [source],
        command: widl,
        arguments: [...flags, ...more, "-o", output, source],
      });
    step(join(generated, `${name}.h`), "-h");
    step(join(stub, `${name}.h`), "-DOPC_PROXY_STUB", "-h");
    step(join(stub, `${name}_p.c`), "-DOPC_PROXY_STUB", "-p");
    step(join(stub, `${name}_i.c`), "-DOPC_PROXY_STUB", "-u");
  }
  const dllData = join(stub, "dlldata.c");
  steps.push({
    output: dllData,
    inputs: [],
    command: widl,
    arguments: [widlBits, "--dlldata-only", "-o", dllData, ...proxyStub.interfaces],
  });
  return steps;
}

function* compileSteps(
  toolchain: Toolchain,
  places: Places,
  target: Target,
  generated: string,
  objects: string,
  precompiled: Step,
): Generator<Step> {
  for (const folder of target.folders) {
    const path = join(places.root, "native", folder);
    for (const file of readdirSync(path).sort()) {
      if (!file.endsWith(".cpp")) continue;
      const source = join(path, file);
      const output = join(objects, folder, file.replace(/\.cpp$/, ".o"));
      yield {
        output,
        inputs: [source, precompiled.output],
        command: toolchain.cxx,
        arguments: [
          ...[...language, ...warnings, "-MMD", "-c"],
          ...["-include", precompiled.output.replace(/\.gch$/, "")],
          ...["-I", join(places.root, "native"), "-isystem", generated],
          ...["-o", output, source],
        ],
      };
    }
  }
}

function linkStep(toolchain: Toolchain, places: Places, target: Target, objects: readonly string[]): Step {
  const output = join(places.output, `${target.name}.${target.kind}`);
  const definitions = target.definitions ? [join(places.root, "native", target.definitions)] : [];
  const inputs = [...objects, ...definitions];
  return {
    output,
    inputs,
    command: toolchain.cxx,
    arguments: [
      ...(target.kind === "dll" ? ["-shared", "-Wl,--kill-at", "-Wl,--enable-stdcall-fixup"] : ["-municode"]),
      ...(target.isWindowed ? ["-mwindows"] : []),
      ...["-static", "-s", "-o", output, ...inputs],
      ...target.libraries.map((library) => `-l${library}`),
    ],
  };
}

function proxyStubSteps(
  toolchain: Toolchain,
  places: Places,
  folder: string,
): { compiles: Step[]; link: Step } {
  const own = join(places.root, "native/idl");
  const sources = [
    ...proxyStub.interfaces.flatMap((name) => [join(folder, `${name}_p.c`), join(folder, `${name}_i.c`)]),
    join(folder, "dlldata.c"),
  ];
  const compiles = sources.map((source): Step => {
    const output = join(folder, basename(source).replace(/\.c$/, ".o"));
    return {
      output,
      inputs: [source],
      command: toolchain.cc,
      arguments: [
        ...["-O2", "-w", "-DREGISTER_PROXY_DLL", "-MMD", "-c", "-I", folder],
        // widl calls these without declaring them.
        ...["-include", join(own, "proxystub_prelude.h")],
        ...["-DPROXY_CLSID_IS={0x5D7F1A60,0x2C3E,0x4B7A,{0x9E,0x11,0x5A,0x60,0x77,0x1C,0x0D,0xA1}}"],
        ...["-o", output, source],
      ],
    };
  });
  const output = join(places.output, `${proxyStub.name}.dll`);
  const objects = compiles.map((step) => step.output);
  const definitions = join(own, "proxystub.def");
  return {
    compiles,
    link: {
      output,
      inputs: [...objects, definitions],
      command: toolchain.cc,
      arguments: [
        ...["-shared", "-static", "-Wl,--enable-stdcall-fixup", "-o", output, ...objects, definitions],
        ...["-lrpcrt4", "-lole32", "-loleaut32", "-luuid"],
      ],
    },
  };
}
