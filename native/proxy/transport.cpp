// winsock2.h has to come before windows.h.
#include <winsock2.h>

#include "transport.h"

#include <algorithm>
#include <cstring>

namespace understudy {
namespace {

HANDLE ConnectPipe(const std::wstring& name, DWORD timeout_ms) {
  const std::wstring path = L"\\\\.\\pipe\\" + name;
  const ULONGLONG until = GetTickCount64() + timeout_ms;
  while (true) {
    // Identification only: a stranger's pipe of this name must not act in the client's name.
    // No more rights than the pipe's access list gives clients (native/hook/pipe_access.cpp).
    HANDLE pipe = CreateFileW(path.c_str(), FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES, 0, nullptr, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr);
    if (pipe != INVALID_HANDLE_VALUE) return pipe;
    const ULONGLONG now = GetTickCount64();
    if (GetLastError() != ERROR_PIPE_BUSY || now >= until) return nullptr;
    WaitNamedPipeW(path.c_str(), static_cast<DWORD>(until - now));
  }
}

// Tokens go over it, so it must not leave the machine.
bool IsLoopback(const sockaddr_in& address) { return (ntohl(address.sin_addr.s_addr) >> 24) == 127; }

HANDLE ConnectTcp(const std::wstring& where, DWORD timeout_ms) {
  const size_t colon = where.rfind(L':');
  if (colon == std::wstring::npos) return nullptr;
  const std::string host(where.begin(), where.begin() + static_cast<std::ptrdiff_t>(colon));
  const long port = wcstol(where.c_str() + colon + 1, nullptr, 10);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = inet_addr(host == "localhost" ? "127.0.0.1" : host.c_str());
  address.sin_port = htons(static_cast<u_short>(port));
  if (port < 1 || port > 65535 || !IsLoopback(address)) return nullptr;
  SOCKET socket = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED);
  if (socket == INVALID_SOCKET) return nullptr;
  u_long non_blocking = 1;
  ioctlsocket(socket, FIONBIO, &non_blocking);
  connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  fd_set done;
  fd_set failed;
  FD_ZERO(&done);
  FD_ZERO(&failed);
  FD_SET(socket, &done);
  FD_SET(socket, &failed);
  timeval wait = {static_cast<long>(timeout_ms / 1000), static_cast<long>(timeout_ms % 1000 * 1000)};
  if (select(0, nullptr, &done, &failed, &wait) < 1 || !FD_ISSET(socket, &done)) {
    closesocket(socket);
    return nullptr;
  }
  u_long blocking = 0;
  ioctlsocket(socket, FIONBIO, &blocking);
  const BOOL no_delay = TRUE;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&no_delay), sizeof no_delay);
  return reinterpret_cast<HANDLE>(socket);
}

class Winsock {
 public:
  Winsock() {
    WSADATA data;
    is_started_ = WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }
  ~Winsock() {
    if (is_started_) WSACleanup();
  }

 private:
  bool is_started_ = false;
};

}  // namespace

std::shared_ptr<Transport> Transport::Connect(const std::wstring& endpoint, DWORD timeout_ms) {
  const bool is_socket = endpoint.rfind(L"tcp:", 0) == 0;
  HANDLE handle = nullptr;
  // Kept as long as the transport: each one counts for itself.
  std::shared_ptr<Winsock> winsock;
  if (is_socket) {
    winsock = std::make_shared<Winsock>();
    handle = ConnectTcp(endpoint.substr(4), timeout_ms);
  } else if (endpoint.rfind(L"pipe:", 0) == 0) {
    handle = ConnectPipe(endpoint.substr(5), timeout_ms);
  }
  if (!handle) return nullptr;
  auto* transport = new Transport(handle, is_socket);
  return std::shared_ptr<Transport>(transport, [winsock](Transport* done) { delete done; });
}

Transport::Transport(HANDLE handle, bool is_socket) : handle_(handle), is_socket_(is_socket) {}

Transport::~Transport() {
  if (is_reading_) {
    CancelIoEx(handle_, &reading_);
    DWORD size = 0;
    GetOverlappedResult(handle_, &reading_, &size, TRUE);
  }
  if (is_socket_) closesocket(reinterpret_cast<SOCKET>(handle_));
  else CloseHandle(handle_);
}

int Transport::Read(uint8_t* to, DWORD room, DWORD timeout_ms) {
  if (taken_ == held_) {
    if (!is_reading_) {
      reading_ = {};
      reading_.hEvent = read_done_.get();
      ResetEvent(read_done_.get());
      if (!ReadFile(handle_, buffer_, sizeof buffer_, nullptr, &reading_) && GetLastError() != ERROR_IO_PENDING) return -1;
      is_reading_ = true;
    }
    const HANDLE events[] = {closed_.get(), read_done_.get()};
    const DWORD which = WaitForMultipleObjects(2, events, FALSE, timeout_ms);
    if (which == WAIT_TIMEOUT) return 0;
    if (which != WAIT_OBJECT_0 + 1) return -1;
    is_reading_ = false;
    taken_ = 0;
    held_ = 0;
    if (!GetOverlappedResult(handle_, &reading_, &held_, FALSE) || held_ == 0) return -1;
  }
  const DWORD size = std::min(room, held_ - taken_);
  std::memcpy(to, buffer_ + taken_, size);
  taken_ += size;
  return static_cast<int>(size);
}

bool Transport::Write(const uint8_t* from, size_t size, DWORD timeout_ms) {
  const ULONGLONG until = GetTickCount64() + timeout_ms;
  while (size > 0) {
    OVERLAPPED writing = {};
    writing.hEvent = write_done_.get();
    ResetEvent(write_done_.get());
    const auto part = static_cast<DWORD>(std::min<size_t>(size, 1 << 20));
    if (!WriteFile(handle_, from, part, nullptr, &writing) && GetLastError() != ERROR_IO_PENDING) return false;
    const HANDLE events[] = {closed_.get(), write_done_.get()};
    const ULONGLONG now = GetTickCount64();
    const DWORD which = WaitForMultipleObjects(2, events, FALSE, now < until ? static_cast<DWORD>(until - now) : 0);
    if (which != WAIT_OBJECT_0 + 1) CancelIoEx(handle_, &writing);
    DWORD written = 0;
    // The buffer must stay until the system has let go of it.
    const bool ok = GetOverlappedResult(handle_, &writing, &written, TRUE) != FALSE;
    if (!ok || written == 0 || (which != WAIT_OBJECT_0 + 1 && written < part)) return false;
    from += written;
    size -= written;
  }
  return true;
}

}  // namespace understudy
