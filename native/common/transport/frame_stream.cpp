#include "frame_stream.h"

#include <algorithm>
#include <chrono>

namespace understudy {

bool FrameReader::ReadFully(uint8_t* to, size_t size) {
  while (size > 0) {
    if (begin_ < end_) {
      const size_t taken = std::min(size, end_ - begin_);
      std::memcpy(to, buffer_.data() + begin_, taken);
      begin_ += taken;
      to += taken;
      size -= taken;
      continue;
    }
    DWORD got = 0;
    if (!ReadFile(handle_, buffer_.data(), static_cast<DWORD>(buffer_.size()), &got, nullptr) || got == 0) return false;
    begin_ = 0;
    end_ = got;
  }
  return true;
}

bool FrameReader::Next(Frame& frame) {
  uint8_t head[wire::kHeaderSize];
  if (!ReadFully(head, sizeof head) || !wire::DecodeHeader(head, frame.header)) return false;
  frame.payload.resize(frame.header.payload_size());
  return ReadFully(frame.payload.data(), frame.payload.size());
}

FrameWriter::FrameWriter(HANDLE handle) : handle_(handle), thread_([this] { Run(); }) {}

FrameWriter::~FrameWriter() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void FrameWriter::Send(std::vector<uint8_t> frame) {
  if (frame.empty()) return;
  {
    std::lock_guard lock(mutex_);
    waiting_bytes_ += frame.size();
    queue_.push_back(std::move(frame));
  }
  wake_.notify_one();
}

bool FrameWriter::TrySend(std::vector<uint8_t> frame) {
  {
    std::lock_guard lock(mutex_);
    if (frame.empty() || waiting_bytes_ + frame.size() > kMostWaitingBytes) return false;
    waiting_bytes_ += frame.size();
    queue_.push_back(std::move(frame));
  }
  wake_.notify_one();
  return true;
}

void FrameWriter::Flush() {
  std::unique_lock lock(mutex_);
  drained_.wait_for(lock, std::chrono::seconds(1), [this] { return waiting_bytes_ == 0; });
}

void FrameWriter::Run() {
  bool broken = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::vector<uint8_t> frame = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    size_t at = 0;
    while (!broken && at < frame.size()) {
      DWORD written = 0;
      const size_t left = std::min<size_t>(frame.size() - at, 1024 * 1024);
      if (!WriteFile(handle_, frame.data() + at, static_cast<DWORD>(left), &written, nullptr)) {
        broken = true;
        if (on_broken) on_broken();
      }
      at += written;
    }
    lock.lock();
    waiting_bytes_ -= frame.size();
    if (waiting_bytes_ == 0) drained_.notify_all();
  }
}

}  // namespace understudy
