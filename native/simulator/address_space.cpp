#include "address_space.h"

namespace understudy::simulator {
namespace {

constexpr VARTYPE kWritableTypes[] = {VT_R8,  VT_I4,  VT_BOOL, VT_BSTR, VT_R4, VT_I2,   VT_UI2,
                                      VT_UI4, VT_UI1, VT_I1,   VT_I8,   VT_UI8, VT_DATE, VT_CY};
constexpr int kSensorFailure = OPC_QUALITY_SENSOR_FAILURE;

Folder& AddFolder(Folder& parent, const wchar_t* name) {
  parent.folders.push_back(std::make_unique<Folder>());
  parent.folders.back()->name = name;
  return *parent.folders.back();
}

bool IsTrue(const VARIANT& value) { return V_BOOL(&value) != VARIANT_FALSE; }

void SetText(Item& item, const wchar_t* text) {
  Variant value;
  V_VT(&value.get()) = VT_BSTR;
  V_BSTR(&value.get()) = SysAllocString(text);
  item.Write(value.get(), nullptr, nullptr);
}

void SetTrue(Item& item) {
  Variant value;
  V_VT(&value.get()) = VT_BOOL;
  V_BOOL(&value.get()) = VARIANT_TRUE;
  item.Write(value.get(), nullptr, nullptr);
}

void SetNumbers(Item& item) {
  SAFEARRAY* array = SafeArrayCreateVector(VT_R8, 0, 10);
  if (!array) return;
  for (int index = 0; index < 10; ++index) static_cast<double*>(array->pvData)[index] = index;
  Variant value;
  V_VT(&value.get()) = VT_ARRAY | VT_R8;
  V_ARRAY(&value.get()) = array;
  item.Write(value.get(), nullptr, nullptr);
}

}  // namespace

const Folder* Folder::Find(const std::wstring& wanted) const {
  for (const auto& folder : folders) {
    if (folder->name == wanted) return folder.get();
  }
  return nullptr;
}

AddressSpace::AddressSpace(const ItemCounts& counts, Faults& faults, int64_t period_ms)
    : faults_(faults), period_ms_(period_ms) {
  Folder& simulation = AddFolder(root_, L"Simulation");
  Folder& ramps = AddFolder(simulation, L"Ramps");
  for (int index = 0; index < counts.ramps; ++index) {
    const std::wstring name = L"Ramp" + std::to_wstring(index);
    Add(ramps, name, name, Item::Source::kRamp, VT_R8, index);
  }
  Folder& sines = AddFolder(simulation, L"Sines");
  for (int index = 0; index < counts.sines; ++index) {
    const std::wstring name = L"Sine" + std::to_wstring(index);
    Add(sines, name, name, Item::Source::kSine, VT_R8, index);
  }
  Folder& writables = AddFolder(simulation, L"Writables");
  for (int index = 0; index < counts.writables; ++index) {
    const std::wstring name = L"Writable" + std::to_wstring(index);
    Add(writables, name, name, Item::Source::kStored, kWritableTypes[index % std::size(kWritableTypes)]);
  }
  SetText(*Add(simulation, L"Text", L"Text", Item::Source::kStored, VT_BSTR), L"Understudy");
  SetNumbers(*Add(simulation, L"Array", L"Array", Item::Source::kStored, VT_ARRAY | VT_R8));
  AddSystem(faults);
}

Item* AddressSpace::Add(Folder& folder, const std::wstring& id, const std::wstring& name, Item::Source source,
                        VARTYPE type, int index) {
  items_.push_back(std::make_unique<Item>(id, name, source, type, index, faults_, period_ms_));
  Item* item = items_.back().get();
  folder.items.push_back(item);
  by_id_[id] = item;
  return item;
}

// Values that a monitor item can watch, and a switch for every fault.
void AddressSpace::AddSystem(Faults& faults) {
  Folder& system = AddFolder(root_, L"_System");
  const auto add = [&](const wchar_t* name, Item::Source source, VARTYPE type) {
    return Add(system, std::wstring(L"_System.") + name, name, source, type);
  };
  const auto add_switch = [&](const wchar_t* name, VARTYPE type, std::function<void(const VARIANT&)> on_write) {
    Item* item = add(name, Item::Source::kStored, type);
    item->faultable = false;
    item->on_write = std::move(on_write);
    return item;
  };
  const auto set_quality = [this](const VARIANT& value, int quality) {
    Item* item = Find(WideOf(V_BSTR(&value)));
    if (item && item->faultable) item->SetFault(quality);
  };
  add(L"DateTime", Item::Source::kDateTime, VT_DATE);
  add(L"Watchdog", Item::Source::kWatchdog, VT_UI4);
  Item* quality = add(L"Quality", Item::Source::kStored, VT_BOOL);
  SetTrue(*quality);
  add(L"State", Item::Source::kStored, VT_I4);
  SetTrue(*add_switch(L"QualityGood", VT_BOOL, [quality](const VARIANT& value) {
    quality->SetFault(IsTrue(value) ? -1 : kSensorFailure);
  }));
  SetTrue(*add_switch(L"AllGood", VT_BOOL, [&faults](const VARIANT& value) {
    faults.SetAllQuality(IsTrue(value) ? -1 : kSensorFailure);
  }));
  add_switch(L"BadItem", VT_BSTR, [set_quality](const VARIANT& value) { set_quality(value, kSensorFailure); });
  add_switch(L"GoodItem", VT_BSTR, [set_quality](const VARIANT& value) { set_quality(value, -1); });
  add_switch(L"WatchdogFrozen", VT_BOOL, [&faults](const VARIANT& value) {
    faults.FreezeWatchdog(IsTrue(value), NowMs());
  });
  add_switch(L"Hang", VT_UI4, [&faults](const VARIANT& value) {
    if (V_UI4(&value) > 0) faults.Hang(V_UI4(&value));
    else faults.Release();
  });
  add_switch(L"Slow", VT_UI4, [&faults](const VARIANT& value) { faults.Slow(V_UI4(&value)); });
  add_switch(L"ServerState", VT_UI4, [&faults](const VARIANT& value) { faults.SetState(V_UI4(&value)); });
  add_switch(L"RefuseClients", VT_BOOL, [&faults](const VARIANT& value) { faults.RefuseClients(IsTrue(value)); });
  add_switch(L"ShutdownSeconds", VT_UI4, [this](const VARIANT& value) {
    if (on_shutdown) on_shutdown(V_UI4(&value) * 1000);
  });
}

Item* AddressSpace::Find(const std::wstring& item_id) const {
  const auto found = by_id_.find(item_id);
  return found == by_id_.end() ? nullptr : found->second;
}

const Folder* AddressSpace::FindFolder(const std::vector<std::wstring>& path) const {
  const Folder* folder = &root_;
  for (const auto& name : path) {
    folder = folder->Find(name);
    if (!folder) return nullptr;
  }
  return folder;
}

}  // namespace understudy::simulator
