// Frames over a pair of handles: pipes of a child process, named pipes.
#pragma once

#include <windows.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "../wire/frame.h"

namespace understudy {

struct Frame {
  wire::Header header;
  std::vector<uint8_t> payload;
};

// Reads frames one after another; blocks.
class FrameReader {
 public:
  explicit FrameReader(HANDLE handle) : handle_(handle) {}
  // False at the end of the stream, and where it cannot be trusted any more.
  bool Next(Frame& frame);

 private:
  bool ReadFully(uint8_t* to, size_t size);

  const HANDLE handle_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(64 * 1024);
  size_t begin_ = 0;
  size_t end_ = 0;
};

// Writes frames by a thread of its own, so that no caller waits for the other side. What may be dropped is dropped when too
// much waits; the rest is kept.
class FrameWriter {
 public:
  explicit FrameWriter(HANDLE handle);
  ~FrameWriter();

  void Send(std::vector<uint8_t> frame);
  // For data changes: false, and nothing sent, where too much waits already.
  bool TrySend(std::vector<uint8_t> frame);
  // Waits until everything was written, for a second at most.
  void Flush();
  // Called once when writing failed: the other side is gone.
  std::function<void()> on_broken;

  static constexpr size_t kMostWaitingBytes = 64 * 1024 * 1024;

 private:
  void Run();

  const HANDLE handle_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable drained_;
  std::deque<std::vector<uint8_t>> queue_;
  size_t waiting_bytes_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace understudy
