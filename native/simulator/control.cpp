#include "control.h"

#include "../common/text/json.h"
#include "../common/text/utf.h"

namespace understudy::simulator {
namespace {

constexpr DWORD kUntilReleased = 0xFFFFFFFF;

// Empty = done; else what is wrong.
std::string SetQuality(World& world, const json::Object& command) {
  const int quality =
      command.Flag("good") ? -1 : static_cast<int>(command.Number("quality", OPC_QUALITY_SENSOR_FAILURE));
  const std::string item_id = command.Text("item");
  if (item_id == "*") {
    world.faults.SetAllQuality(quality);
    return "";
  }
  Item* item = world.space.Find(WideOfUtf8(item_id));
  if (!item) return "unknown item " + item_id;
  item->SetFault(quality);
  return "";
}

std::string SetItem(World& world, const json::Object& command) {
  const std::string item_id = command.Text("item");
  Item* item = world.space.Find(WideOfUtf8(item_id));
  if (!item) return "unknown item " + item_id;
  Variant value;
  VARIANT* to = value.Out();
  V_VT(to) = VT_BSTR;
  V_BSTR(to) = SysAllocString(WideOfUtf8(command.Text("value")).c_str());
  return SUCCEEDED(item->Write(*to, nullptr, nullptr)) ? "" : "the value does not fit the item";
}

std::string Perform(World& world, const json::Object& command) {
  const std::string name = command.Text("command");
  const auto number = [&](const char* member, double otherwise) {
    return static_cast<DWORD>(command.Number(member, otherwise));
  };
  if (name == "status") return "";
  if (name == "quality") return SetQuality(world, command);
  if (name == "set") return SetItem(world, command);
  if (name == "freezeWatchdog") world.faults.FreezeWatchdog(command.Flag("frozen"), NowMs());
  else if (name == "hang") world.faults.Hang(command.Has("forMs") ? number("forMs", 0) : kUntilReleased);
  else if (name == "release") world.faults.Release();
  else if (name == "slow") world.faults.Slow(number("delayMs", 0));
  else if (name == "state") world.faults.SetState(number("state", OPC_STATUS_RUNNING));
  else if (name == "refuse") world.faults.RefuseClients(command.Flag("clients"));
  else if (name == "reset") world.faults.Reset(NowMs());
  else if (name == "shutdown") world.space.on_shutdown(number("afterMs", 0));
  else return "unknown command " + name;
  return "";
}

}  // namespace

std::string Control(World& world, const std::string& line) {
  const auto command = json::Object::Parse(line);
  if (!command) return json::Writer().Flag("ok", false).Text("error", "no flat JSON object").Finish();
  const std::string error = Perform(world, *command);
  json::Writer answer;
  answer.Number("id", command->Number("id")).Flag("ok", error.empty());
  if (!error.empty()) answer.Text("error", error);
  answer.Number("objects", static_cast<double>(LiveObjects::Count()));
  answer.Number("valuesSent", static_cast<double>(world.values_sent.load()));
  return answer.Finish();
}

}  // namespace understudy::simulator
