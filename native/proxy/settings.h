// What the registry tells the proxy; native/wire/PROTOCOL.md, "The proxy leg".
#pragma once

#include <windows.h>

#include <optional>
#include <string>

namespace understudy {

// Where the objects of clients that ask for a local server live (LocalClientsInProcess).
enum class LocalClients : DWORD {
  kInExe = 0,
  // In the client's process, where 64-bit and 32-bit clients of this machine all find the DLL.
  kInClient = 1,
  // The same where there is a DLL for 64-bit clients only; said of a machine without 32-bit clients.
  kInClientOf64Bit = 2,
};

struct BrokerSettings {
  std::wstring endpoint;
  std::optional<std::wstring> token;
  DWORD call_deadline_ms = 10000;
  DWORD connect_timeout_ms = 2000;
  LocalClients local_clients = LocalClients::kInClient;
};

struct ClassSettings {
  CLSID clsid = {};
  std::wstring target;
  std::optional<CLSID> original;
  // Empty: this machine.
  std::wstring original_machine;
  bool is_original_forbidden = false;
};

BrokerSettings ReadBrokerSettings();

// Nothing where the class is none of ours.
std::optional<ClassSettings> ReadClassSettings(REFCLSID clsid);

}  // namespace understudy
