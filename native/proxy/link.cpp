#include "link.h"

#include <objbase.h>

#include <algorithm>

#include "event_log.h"
#include "text.h"

namespace understudy {
namespace {

constexpr DWORD kFirstPauseMs = 100;
constexpr DWORD kLongestPauseMs = 2000;
constexpr DWORD kGreetingMs = 2000;
constexpr DWORD kWriteMs = 5000;
constexpr DWORD kTickMs = 50;
constexpr DWORD kPingAfterMs = 2000;
constexpr DWORD kSilentAfterMs = 5000;

std::wstring ProgramName() {
  wchar_t path[MAX_PATH] = {};
  GetModuleFileNameW(nullptr, path, MAX_PATH);
  const std::wstring text(path);
  return text.substr(text.find_last_of(L'\\') + 1);
}

// Lets the waiting thread go after the response was handled.
struct Waiter {
  Handle event = ManualEvent();
  Mutex mutex;
  HRESULT result = kLinkLost;
  Link::Bytes body;
};

}  // namespace

bool WaitForEvent(HANDLE event, DWORD timeout_ms) {
  APTTYPE type;
  APTTYPEQUALIFIER qualifier;
  const bool is_single = SUCCEEDED(CoGetApartmentType(&type, &qualifier)) && (type == APTTYPE_STA || type == APTTYPE_MAINSTA);
  if (!is_single) return WaitForSingleObject(event, timeout_ms) == WAIT_OBJECT_0;
  if (WaitForSingleObject(event, 0) == WAIT_OBJECT_0) return true;
  DWORD index = 0;
  return CoWaitForMultipleHandles(0, timeout_ms, 1, &event, &index) == S_OK;
}

Link::Link(BrokerSettings settings, std::wstring target) : settings_(std::move(settings)), target_(std::move(target)) {}

void Link::Run(LinkListener& listener) {
  {
    const Lock lock(mutex_);
    thread_id_ = GetCurrentThreadId();
  }
  DWORD pause_ms = kFirstPauseMs;
  while (WaitForSingleObject(stop_.get(), 0) != WAIT_OBJECT_0) {
    const auto transport = Transport::Connect(settings_.endpoint, kGreetingMs);
    wire::OpenServerAnswer opened;
    if (transport) {
      const Lock lock(mutex_);
      // Stop closes what stands here.
      transport_ = is_stopped_ ? nullptr : transport;
    }
    if (transport && Greet(*transport, opened)) {
      pause_ms = kFirstPauseMs;
      listener.OnLinkUp(opened);
      {
        const Lock lock(mutex_);
        is_up_ = true;
        is_refused_ = false;
        SetEvent(up_or_refused_.get());
      }
      Pump(*transport, listener);
      transport->Close();
      FailAll();
      listener.OnLinkDown();
    } else {
      const Lock lock(mutex_);
      transport_ = nullptr;
    }
    WaitForSingleObject(stop_.get(), pause_ms);
    pause_ms = std::min(pause_ms * 2, kLongestPauseMs);
  }
  FailAll();
}

void Link::Stop() {
  const Lock lock(mutex_);
  is_stopped_ = true;
  SetEvent(stop_.get());
  if (transport_) transport_->Close();
}

bool Link::IsUp() {
  const Lock lock(mutex_);
  return is_up_;
}

bool Link::WaitUntilUp(DWORD timeout_ms) {
  if (IsUp()) return true;
  WaitForEvent(up_or_refused_.get(), timeout_ms);
  return IsUp();
}

uint32_t Link::NextCorrelation() {
  const Lock lock(mutex_);
  if (++last_correlation_ == 0) ++last_correlation_;
  return last_correlation_;
}

bool Link::Send(uint32_t correlation, Bytes frame, Done done) {
  std::shared_ptr<Transport> transport;
  {
    const Lock lock(mutex_);
    const bool may_send = is_up_ || GetCurrentThreadId() == thread_id_;
    if (frame.empty() || !may_send || !transport_) return false;
    transport = transport_;
    pending_[correlation] = Pending{std::move(done), GetTickCount64() + settings_.call_deadline_ms + kTickMs};
  }
  const Lock lock(write_mutex_);
  // Not written: the link's thread sees the closed stream and ends all pending requests.
  if (!transport->Write(frame.data(), frame.size(), kWriteMs)) transport->Close();
  return true;
}

void Link::Tell(const Bytes& frame) {
  std::shared_ptr<Transport> transport;
  {
    const Lock lock(mutex_);
    transport = transport_;
  }
  const Lock lock(write_mutex_);
  if (transport && !transport->Write(frame.data(), frame.size(), kWriteMs)) transport->Close();
}

bool Link::Forget(uint32_t correlation) {
  const Lock lock(mutex_);
  return pending_.erase(correlation) > 0;
}

HRESULT Link::Exchange(const Encode& encode, Repeat repeat, Done commit, Bytes& body) {
  const ULONGLONG until = GetTickCount64() + settings_.call_deadline_ms;
  while (true) {
    const ULONGLONG begun = GetTickCount64();
    if (begun >= until || !WaitUntilUp(static_cast<DWORD>(until - begun))) return kLinkLost;
    const ULONGLONG now = GetTickCount64();
    const DWORD left_ms = now < until ? static_cast<DWORD>(until - now) : 1;
    const uint32_t correlation = NextCorrelation();
    Bytes frame = encode(correlation, left_ms);
    if (frame.empty()) return E_OUTOFMEMORY;
    const auto waiter = std::make_shared<Waiter>();
    const bool is_sent = Send(correlation, std::move(frame), [waiter, commit](HRESULT result, const Bytes& answer) {
      if (commit) commit(result, answer);
      const Lock lock(waiter->mutex);
      waiter->result = result;
      waiter->body = answer;
      SetEvent(waiter->event.get());
    });
    if (!is_sent) {
      Sleep(1);  // the connection has just ended; waiting for the next one begins again
      continue;
    }
    if (!WaitForEvent(waiter->event.get(), left_ms) && Forget(correlation)) return RPC_E_TIMEOUT;
    // Either it came, or it is being handled at this moment.
    WaitForSingleObject(waiter->event.get(), kTickMs * 2);
    const Lock lock(waiter->mutex);
    if (waiter->result == kLinkLost && repeat == Repeat::kAfterLoss) continue;
    body = std::move(waiter->body);
    return waiter->result;
  }
}

bool Link::ReadFrame(Transport& transport, wire::Header& header, Bytes& payload, DWORD timeout_ms) {
  const ULONGLONG until = GetTickCount64() + timeout_ms;
  const auto read_all = [&](uint8_t* to, size_t size) {
    while (size > 0) {
      const ULONGLONG now = GetTickCount64();
      const int got = now < until ? transport.Read(to, static_cast<DWORD>(size), static_cast<DWORD>(until - now)) : -1;
      if (got < 0) return false;
      to += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  };
  uint8_t bytes[wire::kHeaderSize];
  if (!read_all(bytes, sizeof bytes) || !wire::DecodeHeader(bytes, header)) return false;
  payload.resize(header.payload_size());
  return read_all(payload.data(), payload.size());
}

bool Link::Ask(Transport& transport, const Bytes& frame, uint32_t correlation, HRESULT& result, Bytes& body) {
  {
    const Lock lock(write_mutex_);
    if (!transport.Write(frame.data(), frame.size(), kGreetingMs)) return false;
  }
  wire::Header header;
  Bytes payload;
  do {
    if (!ReadFrame(transport, header, payload, kGreetingMs + settings_.connect_timeout_ms)) return false;
  } while (header.correlation != correlation);
  wire::Reader reader(payload.data(), payload.size());
  result = reader.Number<int32_t>();
  if (!reader.ok()) return false;
  body.assign(reader.position(), reader.position() + reader.remaining());
  return true;
}

bool Link::Greet(Transport& transport, wire::OpenServerAnswer& opened) {
  wire::Hello hello;
  hello.leg = 2;
  hello.process_id = GetCurrentProcessId();
  hello.program = WireText(ProgramName());
  if (settings_.token) hello.token = WireText(*settings_.token);
  hello.target = WireText(target_);
  wire::OpenServer open;
  open.server = kServer;
  open.id = WireText(target_);
  HRESULT result = S_OK;
  Bytes body;
  uint32_t correlation = NextCorrelation();
  if (!Ask(transport, wire::EncodeRequest(correlation, kGreetingMs, hello), correlation, result, body)) return false;
  if (SUCCEEDED(result)) {
    correlation = NextCorrelation();
    if (!Ask(transport, wire::EncodeRequest(correlation, kGreetingMs, open), correlation, result, body)) return false;
    wire::Reader reader(body.data(), body.size());
    if (SUCCEEDED(result)) return wire::DecodeBody(reader, opened);
  }
  const Lock lock(mutex_);
  is_refused_ = true;
  SetEvent(up_or_refused_.get());
  return false;
}

void Link::Pump(Transport& transport, LinkListener& listener) {
  Bytes bytes;
  size_t begin = 0;
  ULONGLONG heard_ms = GetTickCount64();
  ULONGLONG ticked_ms = heard_ms;
  bool is_pinged = false;
  uint8_t chunk[32768];
  while (true) {
    const int got = transport.Read(chunk, sizeof chunk, kTickMs);
    if (got < 0) return;
    const ULONGLONG now = GetTickCount64();
    if (now - ticked_ms >= kTickMs) {
      ticked_ms = now;
      Expire();
    }
    // Whole frames count, not bytes: with a damaged length all that follows would be the inside of one frame.
    if (!is_pinged && now - heard_ms >= kPingAfterMs) {
      is_pinged = true;
      Post(wire::Ping(), [](HRESULT, const Bytes&) {});
    }
    if (now - heard_ms >= kPingAfterMs + kSilentAfterMs) return;
    if (got == 0) continue;
    bytes.insert(bytes.end(), chunk, chunk + got);
    while (bytes.size() - begin >= wire::kHeaderSize) {
      uint8_t head[wire::kHeaderSize];
      std::copy_n(bytes.data() + begin, wire::kHeaderSize, head);
      wire::Header header;
      if (!wire::DecodeHeader(head, header)) return;
      const size_t size = size_t{4} + header.length;
      if (bytes.size() - begin < size) {
        bytes.reserve(begin + size);
        break;
      }
      const Bytes payload(bytes.data() + begin + wire::kHeaderSize, bytes.data() + begin + size);
      begin += size;
      heard_ms = now;
      is_pinged = false;
      Take(header, payload, listener);
    }
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(begin));
    begin = 0;
  }
}

void Link::Take(const wire::Header& header, const Bytes& payload, LinkListener& listener) {
  wire::Reader reader(payload.data(), payload.size());
  if ((header.type & wire::kResponseBit) == 0) {
    if (header.type >= wire::kFirstEventType) listener.OnLinkEvent(header.type, reader);
    return;
  }
  Done done;
  {
    const Lock lock(mutex_);
    const auto found = pending_.find(header.correlation);
    if (found == pending_.end()) return;
    done = std::move(found->second.done);
    pending_.erase(found);
  }
  const HRESULT result = reader.Number<int32_t>();
  if (!reader.ok()) return done(E_FAIL, {});
  done(result, Bytes(reader.position(), reader.position() + reader.remaining()));
}

void Link::Expire() {
  const ULONGLONG now = GetTickCount64();
  std::vector<Done> late;
  {
    const Lock lock(mutex_);
    for (auto each = pending_.begin(); each != pending_.end();) {
      if (each->second.expires_ms <= now) {
        late.push_back(std::move(each->second.done));
        each = pending_.erase(each);
      } else {
        ++each;
      }
    }
  }
  for (const Done& done : late) done(RPC_E_TIMEOUT, {});
}

void Link::FailAll() {
  std::unordered_map<uint32_t, Pending> pending;
  {
    const Lock lock(mutex_);
    is_up_ = false;
    if (!is_stopped_) ResetEvent(up_or_refused_.get());
    else SetEvent(up_or_refused_.get());
    transport_ = nullptr;
    pending.swap(pending_);
  }
  for (auto& [correlation, each] : pending) each.done(kLinkLost, {});
}

}  // namespace understudy
