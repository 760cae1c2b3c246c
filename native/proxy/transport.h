// The byte stream to the broker: a named pipe or a loopback TCP connection.
#pragma once

#include <windows.h>

#include <cstdint>
#include <memory>
#include <string>

#include "sync.h"

namespace understudy {

// Reading is for one thread, writing for one at a time, Close for any.
class Transport {
 public:
  // Null where nothing answers in time or the endpoint is malformed or not of this machine.
  static std::shared_ptr<Transport> Connect(const std::wstring& endpoint, DWORD timeout_ms);

  Transport(HANDLE handle, bool is_socket);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();

  // Bytes read, 0 where none came in time, -1 where the stream has ended.
  int Read(uint8_t* to, DWORD room, DWORD timeout_ms);
  // False where the stream has ended or the broker does not take the bytes in time.
  bool Write(const uint8_t* from, size_t size, DWORD timeout_ms);
  void Close() { SetEvent(closed_.get()); }

 private:
  HANDLE handle_;
  const bool is_socket_;
  Handle closed_ = ManualEvent();
  Handle read_done_ = ManualEvent();
  Handle write_done_ = ManualEvent();
  OVERLAPPED reading_ = {};
  bool is_reading_ = false;
  uint8_t buffer_[65536];
  DWORD held_ = 0;
  DWORD taken_ = 0;
};

}  // namespace understudy
