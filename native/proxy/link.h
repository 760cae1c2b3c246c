// The connection of one server object to the broker: requests with deadlines, events, connecting again.
#pragma once

#include <windows.h>

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "../common/wire/events.h"
#include "../common/wire/requests.h"
#include "../common/wire/responses.h"
#include "settings.h"
#include "sync.h"
#include "transport.h"

namespace understudy {

// Of a request that the end of the connection left without a response, or that found no connection in time.
inline constexpr HRESULT kLinkLost = static_cast<HRESULT>(0x800704D4);  // ERROR_CONNECTION_ABORTED
// The one server object of a connection.
inline constexpr uint32_t kServer = 1;

// Called on the link's thread.
class LinkListener {
 public:
  // What is posted from here goes before the requests of all other threads.
  virtual void OnLinkUp(const wire::OpenServerAnswer& opened) = 0;
  virtual void OnLinkDown() = 0;
  virtual void OnLinkEvent(uint16_t type, wire::Reader& payload) = 0;

 protected:
  ~LinkListener() = default;
};

enum class Repeat { kNever, kAfterLoss };

class Link {
 public:
  using Bytes = std::vector<uint8_t>;
  // A response: its result and the bytes after it. Called once, on the link's thread.
  using Done = std::function<void(HRESULT result, const Bytes& body)>;

  Link(BrokerSettings settings, std::wstring target);

  // The body of the link's thread, until Stop.
  void Run(LinkListener& listener);
  void Stop();

  // Whether there is a connection now or within this time; gives up at once where the broker refuses this client.
  bool WaitUntilUp(DWORD timeout_ms);
  bool IsUp();
  DWORD deadline_ms() const { return settings_.call_deadline_ms; }
  DWORD connect_timeout_ms() const { return settings_.connect_timeout_ms; }

  // Sends a request. 0, and `done` is never called, where there is no connection or the request is too large.
  template <class Request>
  uint32_t Post(Request request, Done done) {
    const uint32_t correlation = NextCorrelation();
    Bytes frame = wire::EncodeRequest(correlation, settings_.call_deadline_ms, std::move(request));
    return Send(correlation, std::move(frame), std::move(done)) ? correlation : 0;
  }
  // Sends an event; from the link's thread.
  void Tell(const Bytes& frame);
  // `done` of this request is not called any more; false where it has been or is being called.
  bool Forget(uint32_t correlation);

  // Sends a request and waits for its response. A thread of a single-threaded apartment goes on taking COM's calls.
  // `commit` runs on the link's thread before any later frame is looked at.
  template <class Request, class Answer>
  HRESULT Call(const Request& request, Answer& answer, Repeat repeat, Done commit = nullptr) {
    Bytes body;
    const HRESULT result = Exchange(
        [&](uint32_t correlation, DWORD deadline_ms) { return wire::EncodeRequest(correlation, deadline_ms, request); },
        repeat, std::move(commit), body);
    if (FAILED(result)) return result;
    wire::Reader reader(body.data(), body.size());
    return wire::DecodeBody(reader, answer) ? result : E_FAIL;
  }

 private:
  struct Pending {
    Done done;
    ULONGLONG expires_ms = 0;
  };
  using Encode = std::function<Bytes(uint32_t correlation, DWORD deadline_ms)>;

  HRESULT Exchange(const Encode& encode, Repeat repeat, Done commit, Bytes& body);
  uint32_t NextCorrelation();
  bool Send(uint32_t correlation, Bytes frame, Done done);
  bool Greet(Transport& transport, wire::OpenServerAnswer& opened);
  bool Ask(Transport& transport, const Bytes& frame, uint32_t correlation, HRESULT& result, Bytes& body);
  bool ReadFrame(Transport& transport, wire::Header& header, Bytes& payload, DWORD timeout_ms);
  void Pump(Transport& transport, LinkListener& listener);
  void Take(const wire::Header& header, const Bytes& payload, LinkListener& listener);
  void Expire();
  void FailAll();

  const BrokerSettings settings_;
  const std::wstring target_;
  Handle stop_ = ManualEvent();
  Handle up_or_refused_ = ManualEvent();
  Mutex mutex_;
  std::shared_ptr<Transport> transport_;
  bool is_up_ = false;
  bool is_refused_ = false;
  bool is_stopped_ = false;
  DWORD thread_id_ = 0;
  uint32_t last_correlation_ = 0;
  std::unordered_map<uint32_t, Pending> pending_;
  Mutex write_mutex_;
};

// Waits for an event; a thread of a single-threaded apartment goes on taking COM's calls meanwhile.
bool WaitForEvent(HANDLE event, DWORD timeout_ms);

}  // namespace understudy
