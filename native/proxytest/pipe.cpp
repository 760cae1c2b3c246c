// A named pipe as the broker's: made with the access list Windows gives by default, looked at after somebody changed it.
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include <cstdio>
#include <string>

#include "checks.h"

namespace understudy::proxytest {
namespace {

HANDLE MakeEnd(const std::wstring& path) {
  return CreateNamedPipeW(path.c_str(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE | PIPE_WAIT, PIPE_UNLIMITED_INSTANCES,
                          65536, 65536, 0, nullptr);
}

std::string AccessOf(HANDLE pipe) {
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (GetSecurityInfo(pipe, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, nullptr, nullptr, nullptr, nullptr, &descriptor)) return "";
  LPSTR text = nullptr;
  std::string sddl;
  if (ConvertSecurityDescriptorToStringSecurityDescriptorA(descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, nullptr)) {
    sddl = text;
    LocalFree(text);
  }
  LocalFree(descriptor);
  return sddl;
}

}  // namespace

int ServePipe(const std::wstring& name) {
  const std::wstring path = L"\\\\.\\pipe\\" + name;
  const HANDLE pipe = MakeEnd(path);
  const HANDLE spare = MakeEnd(path);
  if (pipe == INVALID_HANDLE_VALUE || spare == INVALID_HANDLE_VALUE) return 1;
  std::printf("{\"event\":\"ready\"}\n");
  std::fflush(stdout);
  std::getchar();
  const HANDLE another = MakeEnd(path);
  // As the proxy connects.
  const HANDLE client = CreateFileW(path.c_str(), FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES, 0, nullptr, OPEN_EXISTING,
                                    FILE_FLAG_OVERLAPPED, nullptr);
  std::printf("{\"event\":\"access\",\"sddl\":\"%s\",\"another\":%s,\"client\":%s}\n", AccessOf(pipe).c_str(),
              another != INVALID_HANDLE_VALUE ? "true" : "false", client != INVALID_HANDLE_VALUE ? "true" : "false");
  std::fflush(stdout);
  return 0;
}

}  // namespace understudy::proxytest
