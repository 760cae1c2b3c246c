// The COM client for one member: speaks native/wire/PROTOCOL.md on standard input and output and ends with its input.
#include "activation.h"
#include "service.h"

namespace understudy::helper {
namespace {

constexpr DWORD kExitBadCall = 2;
constexpr DWORD kExitNoCom = 3;

// --authentication N, the RPC_C_AUTHN_LEVEL of all calls; 0 = packet integrity.
bool ParseArguments(int count, wchar_t** arguments, DWORD& authentication) {
  if (count == 1) return true;
  if (count != 3 || std::wstring(arguments[1]) != L"--authentication") return false;
  wchar_t* end = nullptr;
  authentication = wcstoul(arguments[2], &end, 10);
  return *end == 0 && authentication <= RPC_C_AUTHN_LEVEL_PKT_PRIVACY;
}

[[noreturn]] void Serve() {
  // They outlive everything: threads that hang in a call of a dead server may still refer to them.
  auto& outbox = *new Outbox(GetStdHandle(STD_OUTPUT_HANDLE));
  auto& service = *new Service(outbox);
  outbox.writer().on_broken = [] { ExitProcess(0); };
  FrameReader reader(GetStdHandle(STD_INPUT_HANDLE));
  Frame frame;
  while (reader.Next(frame) && service.Take(frame)) {
  }
  // What was answered last may still be on its way.
  outbox.writer().Flush();
  // At once, and without a word to servers that may hang: COM's own clean-up could wait for them.
  TerminateProcess(GetCurrentProcess(), 0);
  ExitProcess(0);
}

}  // namespace
}  // namespace understudy::helper

extern "C" int wmain(int count, wchar_t** arguments) {
  using namespace understudy::helper;
  DWORD authentication = 0;
  if (!ParseArguments(count, arguments, authentication)) return kExitBadCall;
  if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED)) || FAILED(InitializeSecurity(authentication))) {
    return kExitNoCom;
  }
  Serve();
}
