#include "service_post.h"

#include "../common/text/utf.h"
#include "server_list.h"

namespace understudy::helper {
namespace {

constexpr uint32_t kStatusLane = 0xFFFFFFFF;
constexpr char16_t kProgram[] = u"understudy-da-helper";

}  // namespace

bool Service::Take(const Frame& frame) {
  const uint16_t type = frame.header.type;
  if (!greeted_) return type == wire::Hello::kType && TakeHello(frame);
  // Nobody asks the broker for anything, so a response is one nobody waits for.
  if (type & wire::kResponseBit) return true;
  if (type >= wire::kFirstEventType) {
    if (type != wire::Unknown::kType) outbox_.Event(wire::Unknown{type, frame.header.correlation});
    return true;
  }
  if (TakeServerRequest(frame) || TakeGroupRequest(frame) || TakeItemRequest(frame)) return true;
  outbox_.Response(wire::EncodeFailure(type, frame.header.correlation, E_NOTIMPL, u"unknown request"));
  return true;
}

bool Service::TakeHello(const Frame& frame) {
  wire::Reader reader(frame.payload.data(), frame.payload.size());
  reader.Number<uint32_t>();
  wire::Hello hello;
  Responder responder(outbox_, wire::Hello::kType, frame.header.correlation);
  if (!wire::DecodeBody(reader, hello) || hello.magic != wire::kHelloMagic) {
    responder.Fail(E_INVALIDARG, u"this is no Hello");
    return false;
  }
  if (hello.major != wire::kProtocolMajor) {
    responder.Fail(E_NOTIMPL, u"this helper speaks another major version of the protocol; install both of one release");
    return false;
  }
  greeted_ = true;
  wire::HelloAnswer answer;
  answer.process_id = GetCurrentProcessId();
  answer.program = kProgram;
  responder.Succeed(S_OK, answer);
  return true;
}

void Service::Forget(uint32_t correlation) {
  std::lock_guard lock(mutex_);
  waiting_.erase(correlation);
}

std::shared_ptr<ServerLink> Service::FindServer(uint32_t server) const {
  std::lock_guard lock(mutex_);
  const auto found = servers_.find(server);
  return found == servers_.end() ? nullptr : found->second;
}

bool Service::TakeServerRequest(const Frame& frame) {
  using namespace wire;
  const auto free_lane = [](const auto&) { return Dispatcher::kFree; };
  const auto own_lane = [](const auto& body) { return Dispatcher::LaneOf(body.server, 0); };
  return Post<Ping>(frame, free_lane,
                    [](const Ping&, std::shared_ptr<Responder> responder) {
                      Nothing nothing;
                      responder->Succeed(S_OK, nothing);
                    }) ||
         Post<Cancel>(frame, free_lane,
                      [this](const Cancel& body, std::shared_ptr<Responder> responder) { OnCancel(body, responder); }) ||
         Post<wire::ListServers>(frame, free_lane,
                                 [](const wire::ListServers& body, std::shared_ptr<Responder> responder) {
                                   ListServersAnswer answer;
                                   const HRESULT result = helper::ListServers(body, answer);
                                   responder->Answer(result, answer);
                                 }) ||
         Post<OpenServer>(
             frame,
             [&](const OpenServer& body) {
               // Known from now on, so that requests may follow at once.
               std::lock_guard lock(mutex_);
               servers_.emplace(body.server, std::make_shared<ServerLink>(outbox_, body.server));
               return Dispatcher::LaneOf(body.server, 0);
             },
             [this](const OpenServer& body, std::shared_ptr<Responder> responder) {
               const auto server = FindServer(body.server);
               OpenServerAnswer answer;
               std::wstring detail;
               if (!server || body.server == 0) return responder->Fail(E_HANDLE);
               if (!server->BeginOpen()) return responder->Fail(E_INVALIDARG, u"the server handle is in use");
               const HRESULT result = server->Open(body, answer, detail);
               server->Opened(result);
               if (SUCCEEDED(result)) return responder->Succeed(result, answer);
               {
                 std::lock_guard lock(mutex_);
                 servers_.erase(body.server);
               }
               responder->Fail(result, WireText(detail));
             }) ||
         Post<CloseServer>(frame, own_lane,
                           [this](const CloseServer& body, std::shared_ptr<Responder> responder) {
                             std::shared_ptr<ServerLink> server;
                             {
                               std::lock_guard lock(mutex_);
                               const auto found = servers_.find(body.server);
                               if (found == servers_.end()) return responder->Fail(E_HANDLE);
                               server = found->second;
                               servers_.erase(found);
                             }
                             Nothing nothing;
                             responder->Answer(server->Close(), nothing);
                           }) ||
         OnServer<GetStatus, StatusAnswer>(
             frame, [](ServerLink& it, const GetStatus&, StatusAnswer& answer) { return it.GetStatus(answer); },
             kStatusLane) ||
         OnServer<GetErrorString, ErrorStringAnswer>(
             frame, [](ServerLink& it, const GetErrorString& body, ErrorStringAnswer& answer) {
               return it.GetErrorString(body, answer);
             }) ||
         OnServer<SetLocale, Nothing>(
             frame, [](ServerLink& it, const SetLocale& body, Nothing&) { return it.SetLocale(body.locale); }) ||
         OnServer<QueryLocales, LocalesAnswer>(
             frame, [](ServerLink& it, const QueryLocales&, LocalesAnswer& answer) { return it.QueryLocales(answer); }) ||
         OnServer<SetClientName, Nothing>(
             frame, [](ServerLink& it, const SetClientName& body, Nothing&) { return it.SetClientName(body.name); });
}

bool Service::TakeItemRequest(const Frame& frame) {
  using namespace wire;
#define UNDERSTUDY_PASS(Request, Answer) \
  OnServer<Request, Answer>(             \
      frame, [](ServerLink& it, const Request& body, Answer& answer) { return it.Request(body, answer); })
  return UNDERSTUDY_PASS(ReadItemIds, States) || UNDERSTUDY_PASS(WriteItemIds, Errors) ||
         UNDERSTUDY_PASS(Browse, BrowseAnswer) || UNDERSTUDY_PASS(BrowseAddressSpace, Names) ||
         UNDERSTUDY_PASS(GetItemIds, ItemIdsAnswer) || UNDERSTUDY_PASS(BrowseAccessPaths, Names) ||
         UNDERSTUDY_PASS(QueryProperties, PropertiesAnswer) || UNDERSTUDY_PASS(GetItemProperties, PropertyValues) ||
         UNDERSTUDY_PASS(LookupItemIds, ItemIdsAnswer) || UNDERSTUDY_PASS(GetProperties, PropertyLists) ||
         OnServer<QueryOrganization, OrganizationAnswer>(
             frame, [](ServerLink& it, const QueryOrganization&, OrganizationAnswer& answer) {
               return it.QueryOrganization(answer);
             });
#undef UNDERSTUDY_PASS
}

}  // namespace understudy::helper
