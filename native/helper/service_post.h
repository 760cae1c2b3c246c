// How the requests of Service are decoded, put in order and answered; for its own source files.
#pragma once

#include "service.h"

namespace understudy::helper {

template <class Body, class LaneOfBody>
bool Service::Post(const Frame& frame, LaneOfBody lane_of, Handler<Body> handler) {
  if (frame.header.type != Body::kType) return false;
  const auto responder = std::make_shared<Responder>(outbox_, Body::kType, frame.header.correlation);
  wire::Reader reader(frame.payload.data(), frame.payload.size());
  const auto deadline_ms = reader.Number<uint32_t>();
  const auto body = std::make_shared<Body>();
  if (!wire::DecodeBody(reader, *body) || deadline_ms == 0 || deadline_ms > wire::kLongestDeadlineMs) {
    responder->Fail(E_INVALIDARG, u"the payload is malformed");
    return true;
  }
  Context context{responder, GetTickCount64() + deadline_ms, std::make_shared<std::atomic<bool>>(false)};
  {
    std::lock_guard lock(mutex_);
    waiting_[frame.header.correlation] = context.cancelled;
  }
  dispatcher_.Post(lane_of(*body), [this, body, context, handler = std::move(handler)] {
    Forget(context.responder->correlation());
    if (context.cancelled->exchange(true)) return context.responder->Fail(E_ABORT, u"cancelled");
    if (GetTickCount64() > context.expires) return context.responder->Fail(RPC_E_TIMEOUT, u"it waited too long");
    handler(*body, context.responder);
  });
  return true;
}

template <class Body, class Answer>
bool Service::OnServer(const Frame& frame, HRESULT (*call)(ServerLink&, const Body&, Answer&), uint32_t lane) {
  return Post<Body>(
      frame, [lane](const Body& body) { return Dispatcher::LaneOf(body.server, lane); },
      [this, call](const Body& body, std::shared_ptr<Responder> responder) {
        const auto server = OpenedServer(body.server, *responder);
        if (!server) return;
        Answer answer;
        responder->Answer(server->Noted(call(*server, body, answer)), answer);
      });
}

template <class Body, class Answer>
bool Service::OnGroup(const Frame& frame, HRESULT (*call)(GroupLink&, const Body&, Answer&)) {
  return Post<Body>(
      frame, [](const Body& body) { return Dispatcher::LaneOf(body.server, body.group); },
      [this, call](const Body& body, std::shared_ptr<Responder> responder) {
        const auto server = OpenedServer(body.server, *responder);
        const auto group = server ? server->FindGroup(body.group) : nullptr;
        if (!server) return;
        if (!group) return responder->Fail(OPC_E_INVALIDHANDLE, u"no such group");
        Answer answer;
        responder->Answer(server->Noted(call(*group, body, answer)), answer);
      });
}

}  // namespace understudy::helper
