// Takes requests from the broker and sees to it that each is carried out in its order and answered.
#pragma once

#include "dispatcher.h"
#include "server_link.h"

namespace understudy::helper {

class Service {
 public:
  explicit Service(Outbox& outbox) : outbox_(outbox) {}

  // False where the connection must end.
  bool Take(const Frame& frame);

 private:
  // What is known of a request from its arrival on.
  struct Context {
    std::shared_ptr<Responder> responder;
    ULONGLONG expires = 0;  // of GetTickCount64
    std::shared_ptr<std::atomic<bool>> cancelled;
  };
  template <class Body>
  using Handler = std::function<void(const Body&, std::shared_ptr<Responder>)>;

  bool TakeHello(const Frame& frame);
  bool TakeServerRequest(const Frame& frame);
  bool TakeGroupRequest(const Frame& frame);
  bool TakeItemRequest(const Frame& frame);

  // Decodes, and posts to the lane of the body.
  template <class Body, class LaneOfBody>
  bool Post(const Frame& frame, LaneOfBody lane_of, Handler<Body> handler);
  // Requests to a server that is open; `call` fills the answer.
  template <class Body, class Answer>
  bool OnServer(const Frame& frame, HRESULT (*call)(ServerLink&, const Body&, Answer&), uint32_t lane = 0);
  template <class Body, class Answer>
  bool OnGroup(const Frame& frame, HRESULT (*call)(GroupLink&, const Body&, Answer&));
  void OnRead(const wire::Read& request, std::shared_ptr<Responder> responder);
  void OnWrite(const wire::Write& request, std::shared_ptr<Responder> responder);
  void OnCancel(const wire::Cancel& request, std::shared_ptr<Responder> responder);

  std::shared_ptr<ServerLink> FindServer(uint32_t server) const;
  // Waits until it is open; null, and the request answered, where it is not.
  std::shared_ptr<ServerLink> OpenedServer(uint32_t server, Responder& responder) const;
  void Forget(uint32_t correlation);

  Outbox& outbox_;
  Dispatcher dispatcher_;
  bool greeted_ = false;
  mutable std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<ServerLink>> servers_;
  std::map<uint32_t, std::shared_ptr<std::atomic<bool>>> waiting_;  // by correlation: requests that have not begun
};

}  // namespace understudy::helper
