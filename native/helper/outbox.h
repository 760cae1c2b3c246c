// Answers and events on their way to the broker.
#pragma once

#include <map>
#include <memory>

#include "../common/transport/frame_stream.h"
#include "../common/wire/events.h"

namespace understudy::helper {

class Outbox {
 public:
  explicit Outbox(HANDLE handle) : writer_(handle) {}

  template <class Body>
  void Event(Body body) {
    writer_.Send(wire::EncodeEvent(body));
  }
  void Response(std::vector<uint8_t> frame) { writer_.Send(std::move(frame)); }
  // A data change that cannot be taken is counted and told as Overflow as soon as there is room again.
  void DataChange(wire::DataChange& change);
  FrameWriter& writer() { return writer_; }

 private:
  FrameWriter writer_;
  std::mutex mutex_;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> dropped_;  // by server and group
};

// Answers one request, once; whatever happens, the destructor answers what nobody did.
class Responder {
 public:
  Responder(Outbox& outbox, uint16_t type, uint32_t correlation)
      : outbox_(outbox), type_(type), correlation_(correlation) {}
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder() { Fail(E_UNEXPECTED, u"the helper lost the request"); }

  template <class Body>
  void Succeed(HRESULT result, Body& body) {
    if (done_.exchange(true)) return;
    auto frame = wire::EncodeResponse(type_, correlation_, result, body);
    if (frame.empty()) frame = wire::EncodeFailure(type_, correlation_, E_OUTOFMEMORY, u"the answer is too large");
    outbox_.Response(std::move(frame));
  }
  void Fail(HRESULT result, wire::OptionalText detail = std::nullopt) {
    if (done_.exchange(true)) return;
    outbox_.Response(wire::EncodeFailure(type_, correlation_, FAILED(result) ? result : E_FAIL, std::move(detail)));
  }
  // As the result of a call has it.
  template <class Body>
  void Answer(HRESULT result, Body& body) {
    if (SUCCEEDED(result)) Succeed(result, body);
    else Fail(result);
  }
  uint32_t correlation() const { return correlation_; }

 private:
  Outbox& outbox_;
  const uint16_t type_;
  const uint32_t correlation_;
  std::atomic<bool> done_{false};
};

}  // namespace understudy::helper
