// Requests about groups and their items.
#include "service_post.h"

namespace understudy::helper {
namespace {

constexpr uint8_t kViaAsync = 1;

}  // namespace

std::shared_ptr<ServerLink> Service::OpenedServer(uint32_t server, Responder& responder) const {
  auto link = FindServer(server);
  if (link && SUCCEEDED(link->WaitUntilOpen())) return link;
  responder.Fail(E_HANDLE, u"no such server is open");
  return nullptr;
}

bool Service::TakeGroupRequest(const Frame& frame) {
  using namespace wire;
  const auto group_lane = [](const auto& body) { return Dispatcher::LaneOf(body.server, body.group); };
  return Post<wire::AddGroup>(frame, group_lane,
                              [this](const wire::AddGroup& body, std::shared_ptr<Responder> responder) {
                                const auto server = OpenedServer(body.server, *responder);
                                RevisedGroup answer;
                                if (server) responder->Answer(server->Noted(server->AddGroup(body, answer)), answer);
                              }) ||
         Post<wire::RemoveGroup>(frame, group_lane,
                                 [this](const wire::RemoveGroup& body, std::shared_ptr<Responder> responder) {
                                   const auto server = OpenedServer(body.server, *responder);
                                   Nothing nothing;
                                   if (!server) return;
                                   responder->Answer(server->Noted(server->RemoveGroup(body.group)), nothing);
                                 }) ||
         OnGroup<SetGroupState, RevisedGroup>(
             frame, [](GroupLink& it, const SetGroupState& body, RevisedGroup& answer) {
               return it.SetState(body, answer);
             }) ||
         OnGroup<wire::AddItems, AddedItems>(
             frame, [](GroupLink& it, const wire::AddItems& body, AddedItems& answer) {
               return it.AddItems(body.items, false, answer);
             }) ||
         OnGroup<ValidateItems, AddedItems>(
             frame, [](GroupLink& it, const ValidateItems& body, AddedItems& answer) {
               return it.AddItems(body.items, true, answer);
             }) ||
         OnGroup<wire::RemoveItems, Errors>(
             frame, [](GroupLink& it, const wire::RemoveItems& body, Errors& answer) {
               return it.RemoveItems(body.items, answer);
             }) ||
         OnGroup<wire::SetItemsActive, Errors>(
             frame, [](GroupLink& it, const wire::SetItemsActive& body, Errors& answer) {
               return it.SetItemsActive(body.items, body.active, answer);
             }) ||
         OnGroup<wire::SetDatatypes, Errors>(
             frame, [](GroupLink& it, const wire::SetDatatypes& body, Errors& answer) {
               return it.SetDatatypes(body.items, body.types, answer);
             }) ||
         OnGroup<wire::Refresh, Nothing>(
             frame, [](GroupLink& it, const wire::Refresh& body, Nothing&) { return it.Refresh(body); }) ||
         Post<wire::Read>(frame, group_lane,
                          [this](const wire::Read& body, std::shared_ptr<Responder> responder) {
                            OnRead(body, std::move(responder));
                          }) ||
         Post<wire::Write>(frame, group_lane, [this](const wire::Write& body, std::shared_ptr<Responder> responder) {
           OnWrite(body, std::move(responder));
         });
}

// In its turn the items are looked up; then the read goes its own way, so that a slow one holds up nothing.
void Service::OnRead(const wire::Read& request, std::shared_ptr<Responder> responder) {
  const auto server = OpenedServer(request.server, *responder);
  if (!server) return;
  const auto group = server->FindGroup(request.group);
  if (!group) return responder->Fail(OPC_E_INVALIDHANDLE, u"no such group");
  const auto read = std::make_shared<GroupLink::PreparedRead>(group->Prepare(request));
  if (request.via == kViaAsync) return group->ReadAsync(*read, std::move(responder));
  dispatcher_.Post(Dispatcher::kFree, [server, read, responder] {
    wire::States answer;
    responder->Answer(server->Noted(GroupLink::Read(*read, answer)), answer);
  });
}

void Service::OnWrite(const wire::Write& request, std::shared_ptr<Responder> responder) {
  const auto server = OpenedServer(request.server, *responder);
  if (!server) return;
  const auto group = server->FindGroup(request.group);
  if (!group) return responder->Fail(OPC_E_INVALIDHANDLE, u"no such group");
  group->Write(request, std::move(responder));
}

void Service::OnCancel(const wire::Cancel& request, std::shared_ptr<Responder> responder) {
  wire::Nothing nothing;
  std::vector<std::shared_ptr<ServerLink>> servers;
  {
    std::lock_guard lock(mutex_);
    const auto waiting = waiting_.find(request.request);
    if (waiting != waiting_.end()) {
      waiting->second->store(true);
      return responder->Succeed(S_OK, nothing);
    }
    for (const auto& [handle, server] : servers_) servers.push_back(server);
  }
  for (const auto& server : servers) {
    for (const auto& group : server->Groups()) {
      const HRESULT result = group->CancelAsync(request.request);
      if (result != S_FALSE) return responder->Answer(result, nothing);
    }
  }
  responder->Succeed(S_FALSE, nothing);
}

}  // namespace understudy::helper
