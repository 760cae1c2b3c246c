// Structures that messages are made of; see native/wire/PROTOCOL.md.
#pragma once

#include "frame.h"

namespace understudy::wire {

// One value with its type, in its encoded form.
struct SingleValue {
  std::vector<uint8_t> bytes = {0, 0};

  void Fields(Encoder& encoder) { encoder.Raw(bytes.data(), bytes.size()); }
  void Fields(Decoder& decoder) { decoder.RawValue(bytes); }
};

struct ItemDefinition {
  uint32_t item = 0;
  Bool active;
  uint16_t requested_type = 0;
  Text access_path;
  Text item_id;

  template <class A>
  void Fields(A& a) {
    a(item, active, requested_type, access_path, item_id);
  }
};

struct ServerEntry {
  GuidBytes clsid;
  Text prog_id;
  Text description;
  OptionalText version_independent_prog_id;

  template <class A>
  void Fields(A& a) {
    a(clsid, prog_id, description, version_independent_prog_id);
  }
};

struct Property {
  uint16_t type = 0;
  uint32_t id = 0;
  OptionalText item_id;
  OptionalText description;
  SingleValue value;
  int32_t error = 0;

  template <class A>
  void Fields(A& a) {
    a(type, id, item_id, description, value, error);
  }
};

struct PropertyList {
  int32_t error = 0;
  std::vector<Property> properties;

  template <class A>
  void Fields(A& a) {
    a(error, properties);
  }
};

struct BrowseElement {
  OptionalText name;
  OptionalText item_id;
  uint32_t flags = 0;
  PropertyList properties;

  template <class A>
  void Fields(A& a) {
    a(name, item_id, flags, properties);
  }
};

}  // namespace understudy::wire
