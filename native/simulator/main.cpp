// The OPC DA simulator: an out-of-process server. Started by COM (-Embedding) or by hand, then it is controlled by lines of
// JSON on standard input and ends with it.
#include <cstdio>
#include <thread>

#include "../common/com/class_factory.h"
#include "../common/com/registration.h"
#include "../common/text/utf.h"
#include "control.h"
#include "server.h"
#include "server_list.h"

namespace understudy::simulator {
namespace {

constexpr wchar_t kUsage[] =
    L"Usage: understudy-da-simulator [options]\n"
    L"An OPC DA server whose values are functions of the wall clock: two of them give the same values.\n\n"
    L"  --register       write the registry entries (with the options given beside) and end\n"
    L"  --unregister     take them away and end\n"
    L"  --instance N     1 to 9: ProgID Understudy.Simulator.N, a CLSID of its own (1)\n"
    L"  --items N        number of Ramp items (100)\n"
    L"  --sines N        number of Sine items (10)\n"
    L"  --writables N    number of Writable items, of all types in turn (14)\n"
    L"  --period MS      time between two values of a Ramp or Sine (100)\n"
    L"  --phase MS       offset of the update instants from the multiples of their rate (3)\n"
    L"  --opcenum N      be a stand-in for OPCEnum instead; 1: with IOPCServerList alone, 2: with IOPCServerList2 too\n"
    L"  -Embedding       started by COM: end when the last client has gone\n";

// 7B1C2A40-5E0F-4D31-8F26-9C1D5B7E00NN, NN the instance.
CLSID ClsidOf(int instance) {
  return {0x7B1C2A40, 0x5E0F, 0x4D31, {0x8F, 0x26, 0x9C, 0x1D, 0x5B, 0x7E, 0x00, static_cast<BYTE>(instance)}};
}

struct Command {
  Options options;
  std::wstring passed_on;  // options to repeat in the registered command
  int server_list = 0;     // a stand-in for OPCEnum with its interface of this version
  bool embedding = false;
  bool do_register = false;
  bool do_unregister = false;
  bool help = false;
};

bool ParseCommand(int count, wchar_t** arguments, Command& command) {
  for (int index = 1; index < count; ++index) {
    const std::wstring name = arguments[index];
    if (name == L"-Embedding" || name == L"/Embedding") command.embedding = true;
    else if (name == L"--register") command.do_register = true;
    else if (name == L"--unregister") command.do_unregister = true;
    else if (name == L"--help") command.help = true;
    else {
      if (index + 1 >= count) return false;
      wchar_t* end = nullptr;
      const long number = wcstol(arguments[++index], &end, 10);
      if (*end || number < 0 || number > 1000000) return false;
      if (name == L"--instance" && number >= 1 && number <= 9) command.options.instance = static_cast<int>(number);
      else if (name == L"--items") command.options.counts.ramps = static_cast<int>(number);
      else if (name == L"--sines") command.options.counts.sines = static_cast<int>(number);
      else if (name == L"--writables") command.options.counts.writables = static_cast<int>(number);
      else if (name == L"--period" && number >= 10) command.options.period_ms = number;
      else if (name == L"--phase") command.options.phase_ms = number;
      else if (name == L"--opcenum" && (number == 1 || number == 2)) command.server_list = static_cast<int>(number);
      else return false;
      command.passed_on += L" " + name + L" " + std::to_wstring(number);
    }
  }
  return true;
}

ExeServer RegistrationOf(const Command& command) {
  if (command.server_list != 0) return ServerListRegistration(command.server_list);
  const std::wstring number = std::to_wstring(command.options.instance);
  return {ClsidOf(command.options.instance),
          L"Understudy.Simulator." + number,
          command.options.instance == 1 ? L"Understudy.Simulator" : L"",
          L"Understudy OPC DA simulator " + number,
          L"\"" + ProgramPath() + L"\"" + command.passed_on,
          {CATID_OPCDAServer10, CATID_OPCDAServer20, CATID_OPCDAServer30}};
}

void WriteLine(const std::string& line) {
  const std::string text = line + "\n";
  DWORD written;
  WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text.data(), static_cast<DWORD>(text.size()), &written, nullptr);
}

// Reads commands until standard input ends.
void ServeControl(World& world) {
  HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
  std::string pending;
  char buffer[4096];
  DWORD size = 0;
  while (ReadFile(input, buffer, sizeof buffer, &size, nullptr) && size > 0) {
    pending.append(buffer, size);
    for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
      const std::string line = pending.substr(0, end);
      if (line.find_first_not_of(" \r\t") != std::string::npos) WriteLine(Control(world, line));
    }
  }
}

// Tells every client, then ends the process after the time.
void Shutdown(World& world, DWORD after_ms) {
  std::thread([&world, after_ms] {
    CoInitializeEx(nullptr, COINIT_MULTITHREADED);
    for (const auto& entry : world.shutdown_sinks->Snapshot()) entry.sink->ShutdownRequest(L"asked for");
    Sleep(after_ms);
    ExitProcess(0);
  }).detach();
}

// Returns when no client has held anything for a while.
void WaitUntilIdle(const ClassFactory& factory) {
  constexpr int kIdleSeconds = 5;
  for (int idle = 0; idle < kIdleSeconds; ++idle) {
    Sleep(1000);
    // The class factory itself is always there.
    if (LiveObjects::Count() > 1 || factory.locks() > 0) idle = -1;
  }
}

HRESULT Serve(const Command& command) {
  const auto world = std::make_shared<World>(command.options);
  world->space.on_shutdown = [&world](DWORD after_ms) { Shutdown(*world, after_ms); };
  const auto factory = ComPtr<ClassFactory>::Adopt(new ClassFactory([world](REFIID iid, void** out) -> HRESULT {
    world->faults.Pass();
    if (world->faults.refuses_clients()) return E_FAIL;
    const auto server = ComPtr<IOPCServer>::Adopt(new Server(world));
    return server->QueryInterface(iid, out);
  }));
  DWORD cookie = 0;
  const HRESULT result = CoRegisterClassObject(ClsidOf(command.options.instance), factory.get(), CLSCTX_LOCAL_SERVER,
                                               REGCLS_MULTIPLEUSE, &cookie);
  if (FAILED(result)) return result;
  if (command.embedding) {
    WaitUntilIdle(*factory.get());
  } else {
    WriteLine("{\"event\":\"ready\",\"progId\":\"Understudy.Simulator." + std::to_string(command.options.instance) +
              "\",\"pid\":" + std::to_string(GetCurrentProcessId()) + "}");
    ServeControl(*world);
  }
  CoRevokeClassObject(cookie);
  // Clients that are still connected lose us here, as with any server that ends.
  ExitProcess(0);
}

HRESULT ServeServerList(const Command& command) {
  const auto factory = ComPtr<ClassFactory>::Adopt(
      new ClassFactory([&](REFIID iid, void** out) { return CreateServerList(command.server_list, iid, out); }));
  DWORD cookie = 0;
  const HRESULT result = CoRegisterClassObject(CLSID_OPCServerList, factory.get(), CLSCTX_LOCAL_SERVER, REGCLS_MULTIPLEUSE, &cookie);
  if (FAILED(result)) return result;
  WaitUntilIdle(*factory.get());
  CoRevokeClassObject(cookie);
  ExitProcess(0);
}

int Main(int count, wchar_t** arguments) {
  Command command;
  if (!ParseCommand(count, arguments, command) || command.help) {
    WriteLine(Utf8Of(kUsage));
    return command.help ? 0 : 2;
  }
  HRESULT result = CoInitializeEx(nullptr, COINIT_MULTITHREADED);
  if (SUCCEEDED(result) && command.do_register) result = RegisterExeServer(RegistrationOf(command));
  else if (SUCCEEDED(result) && command.do_unregister) result = UnregisterExeServer(RegistrationOf(command));
  else if (SUCCEEDED(result)) result = command.server_list != 0 ? ServeServerList(command) : Serve(command);
  if (FAILED(result)) std::fprintf(stderr, "failed with 0x%08lX\n", static_cast<unsigned long>(result));
  return FAILED(result) ? 1 : 0;
}

}  // namespace
}  // namespace understudy::simulator

extern "C" int wmain(int count, wchar_t** arguments) { return understudy::simulator::Main(count, arguments); }
