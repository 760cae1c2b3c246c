/** What is built from native/, each target from all *.cpp of its folders. */
export interface Target {
  readonly name: string;
  readonly kind: "exe" | "dll";
  /** Below native/. */
  readonly folders: readonly string[];
  readonly libraries: readonly string[];
  /** Exported names of a DLL, below native/. */
  readonly definitions?: string;
  /** A program without a console window: COM starts it behind the user's back. */
  readonly isWindowed?: true;
}

const common = ["common/wire", "common/com", "common/text"];
const comLibraries = ["ole32", "oleaut32", "uuid"];
const proxyLibraries = [...comLibraries, "advapi32", "ws2_32"];

export const targets: readonly Target[] = [
  {
    name: "understudy-da-helper",
    kind: "exe",
    folders: ["helper", "common/transport", ...common],
    libraries: [...comLibraries, "rpcrt4", "ws2_32"],
  },
  {
    name: "understudy-da-simulator",
    kind: "exe",
    folders: ["simulator", ...common],
    libraries: comLibraries,
  },
  {
    name: "understudy-da-testclient",
    kind: "exe",
    folders: ["testclient", ...common],
    libraries: comLibraries,
  },
  {
    name: "understudy-da-proxy",
    kind: "dll",
    folders: ["proxy", "proxy/marshal", "proxy/dll", "common/wire", "common/com"],
    libraries: proxyLibraries,
    definitions: "proxy/dll/proxy.def",
  },
  {
    name: "understudy-da-proxy",
    kind: "exe",
    folders: ["proxy", "proxy/marshal", "proxy/exe", "common/wire", "common/com"],
    libraries: proxyLibraries,
    isWindowed: true,
  },
  {
    name: "understudy-da-proxytest",
    kind: "exe",
    folders: ["proxytest"],
    libraries: [...comLibraries, "advapi32"],
  },
  { name: "understudy-service", kind: "exe", folders: ["service"], libraries: ["advapi32"] },
  { name: "understudy-hook", kind: "exe", folders: ["hook"], libraries: ["advapi32"] },
];

/** The proxy/stub DLL of the OPC interfaces, made by widl; for machines without the OPC Core Components. */
export const proxyStub = Object.freeze({
  name: "understudy-opc-proxystub",
  interfaces: ["opccomn", "opcda"],
});
