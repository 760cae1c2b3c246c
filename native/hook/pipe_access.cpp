#include "pipe_access.h"

#include <sddl.h>

#include <cstdio>

namespace understudy::hook {
namespace {

// What a client needs: read, write, attributes, wait. Not FILE_APPEND_DATA, which for pipes is the right to make another
// end of the same name and so to play the broker.
constexpr wchar_t kClientRights[] = L"0x12018b";
static_assert((FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES) == 0x12018b, "see kClientRights");

// People at this machine, at its screen or by remote desktop.
constexpr wchar_t kInteractive[] = L"S-1-5-4";

std::wstring TextOf(PSID sid) {
  LPWSTR text = nullptr;
  if (!ConvertSidToStringSidW(sid, &text)) return L"";
  std::wstring out(text);
  LocalFree(text);
  return out;
}

// The SID in text; empty where there is no such account.
std::wstring SidOf(const std::wstring& principal) {
  PSID sid = nullptr;
  if (ConvertStringSidToSidW(principal.c_str(), &sid)) {
    const std::wstring text = TextOf(sid);
    LocalFree(sid);
    return text;
  }
  std::vector<BYTE> found(SECURITY_MAX_SID_SIZE);
  auto size = static_cast<DWORD>(found.size());
  wchar_t domain[256];
  DWORD domain_size = 256;
  SID_NAME_USE use;
  if (!LookupAccountNameW(nullptr, principal.c_str(), found.data(), &size, domain, &domain_size, &use)) return L"";
  return TextOf(found.data());
}

std::wstring OwnSid() {
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return L"";
  std::vector<BYTE> user(sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE);
  DWORD size = 0;
  const BOOL ok = GetTokenInformation(token, TokenUser, user.data(), static_cast<DWORD>(user.size()), &size);
  CloseHandle(token);
  return ok ? TextOf(reinterpret_cast<TOKEN_USER*>(user.data())->User.Sid) : L"";
}

// Whether this process (and the broker that started it) came over the network, e.g. by remote management.
bool IsNetworkLogon() {
  SID_IDENTIFIER_AUTHORITY authority = SECURITY_NT_AUTHORITY;
  PSID network = nullptr;
  if (!AllocateAndInitializeSid(&authority, 1, SECURITY_NETWORK_RID, 0, 0, 0, 0, 0, 0, 0, &network)) return false;
  BOOL is_member = FALSE;
  const BOOL ok = CheckTokenMembership(nullptr, network, &is_member);
  FreeSid(network);
  return ok && is_member;
}

std::string Utf8(const std::wstring& text) {
  std::string out(text.size() * 4, '\0');
  const int size = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), out.data(),
                                       static_cast<int>(out.size()), nullptr, nullptr);
  out.resize(static_cast<size_t>(size));
  return out;
}

int Tell(const std::string& line, int code) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
  return code;
}

}  // namespace

PipeAccess PipeAccessFor(const std::vector<std::wstring>& principals) {
  PipeAccess access;
  const std::wstring own = L"(A;;GA;;;" + OwnSid() + L")";
  const std::wstring no_network = L"(D;;GA;;;NU)";
  // Entries count in their order. A broker that came over the network must not shut itself out: it makes further ends of
  // the pipe all the time.
  std::wstring sddl = L"D:P" + (IsNetworkLogon() ? own + no_network : no_network + own) + L"(A;;GA;;;SY)(A;;GA;;;BA)";
  for (const std::wstring& principal : principals.empty() ? std::vector<std::wstring>{kInteractive} : principals) {
    const std::wstring sid = SidOf(principal);
    if (sid.empty()) {
      access.unknown = principal;
      return access;
    }
    sddl += L"(A;;" + std::wstring(kClientRights) + L";;;" + sid + L")";
  }
  access.sddl = std::move(sddl);
  return access;
}

DWORD SetPipeAccess(const std::wstring& name, const std::wstring& sddl) {
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl.c_str(), SDDL_REVISION_1, &descriptor, nullptr)) {
    return GetLastError();
  }
  // All ends of a pipe have one access list; this takes one end for a moment.
  const std::wstring path = L"\\\\.\\pipe\\" + name;
  HANDLE pipe = INVALID_HANDLE_VALUE;
  DWORD error = ERROR_PIPE_BUSY;
  for (int attempt = 0; attempt < 50 && error == ERROR_PIPE_BUSY; ++attempt) {
    if (attempt > 0) Sleep(100);
    pipe = CreateFileW(path.c_str(), READ_CONTROL | WRITE_DAC | FILE_READ_DATA, 0, nullptr, OPEN_EXISTING,
                       SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr);
    error = pipe == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
  }
  if (error == ERROR_SUCCESS) {
    if (!SetKernelObjectSecurity(pipe, DACL_SECURITY_INFORMATION, descriptor)) error = GetLastError();
    CloseHandle(pipe);
  }
  LocalFree(descriptor);
  return error;
}

int PipeAccessCommand(const std::vector<std::wstring>& arguments) {
  const bool is_set = arguments[0] == L"pipe-access";
  const size_t first = is_set ? 2 : 1;
  if (arguments.size() < first) return Tell("error\t87\tthe name of the pipe is missing", 2);
  const auto access = PipeAccessFor({arguments.begin() + static_cast<std::ptrdiff_t>(first), arguments.end()});
  if (access.sddl.empty()) return Tell("error\t1332\t" + Utf8(access.unknown) + " is no account or group of this machine", 1);
  if (is_set) {
    const DWORD error = SetPipeAccess(arguments[1], access.sddl);
    if (error != ERROR_SUCCESS) return Tell("error\t" + std::to_string(error) + "\tthe pipe's access list cannot be set", 1);
  }
  return Tell("ok\t" + Utf8(access.sddl), 0);
}

}  // namespace understudy::hook
