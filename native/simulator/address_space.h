// The items and folders of the simulator, the same as those of the OPC UA simulator.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "item.h"

namespace understudy::simulator {

struct Folder {
  std::wstring name;
  std::vector<std::unique_ptr<Folder>> folders;
  std::vector<Item*> items;

  const Folder* Find(const std::wstring& name) const;
};

struct ItemCounts {
  int ramps = 100;
  int sines = 10;
  int writables = 14;
};

class AddressSpace {
 public:
  AddressSpace(const ItemCounts& counts, Faults& faults, int64_t period_ms);

  Item* Find(const std::wstring& item_id) const;
  const Folder& root() const { return root_; }
  // By names from the root; null where there is none.
  const Folder* FindFolder(const std::vector<std::wstring>& path) const;
  // Called with a delay when a client asked for a shutdown by writing _System.ShutdownSeconds.
  std::function<void(DWORD after_ms)> on_shutdown;

 private:
  Item* Add(Folder& folder, const std::wstring& id, const std::wstring& name, Item::Source source, VARTYPE type,
            int index = 0);
  void AddSystem(Faults& faults);

  Faults& faults_;
  const int64_t period_ms_;
  Folder root_;
  std::vector<std::unique_ptr<Item>> items_;
  std::unordered_map<std::wstring, Item*> by_id_;
};


}  // namespace understudy::simulator
