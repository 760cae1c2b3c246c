// The bodies of responses, native/wire/PROTOCOL.md; they follow a result that is no failure.
#pragma once

#include "parts.h"

namespace understudy::wire {

struct Nothing {
  template <class A>
  void Fields(A&) {}
};

struct HelloAnswer {
  uint16_t major = kProtocolMajor;
  uint16_t minor = kProtocolMinor;
  uint32_t process_id = 0;
  Text program;

  template <class A>
  void Fields(A& a) {
    a(major, minor, process_id, program);
  }
};

struct ListServersAnswer {
  uint8_t source = 0;
  std::vector<ServerEntry> servers;

  template <class A>
  void Fields(A& a) {
    a(source, servers);
  }
};

struct OpenServerAnswer {
  GuidBytes clsid;
  uint32_t interfaces = 0;

  template <class A>
  void Fields(A& a) {
    a(clsid, interfaces);
  }
};

struct StatusAnswer {
  uint64_t start_time = 0;
  uint64_t current_time = 0;
  uint64_t last_update_time = 0;
  uint32_t state = 0;
  uint32_t group_count = 0;
  uint32_t bandwidth = 0;
  uint16_t major_version = 0;
  uint16_t minor_version = 0;
  uint16_t build_number = 0;
  OptionalText vendor_info;

  template <class A>
  void Fields(A& a) {
    a(start_time, current_time, last_update_time, state, group_count, bandwidth, major_version, minor_version, build_number, vendor_info);
  }
};

struct ErrorStringAnswer {
  OptionalText text;

  template <class A>
  void Fields(A& a) {
    a(text);
  }
};

struct LocalesAnswer {
  uint32_t current = 0;
  std::vector<uint32_t> available;

  template <class A>
  void Fields(A& a) {
    a(current, available);
  }
};

struct RevisedGroup {
  uint32_t update_rate_ms = 0;
  uint32_t keep_alive_ms = 0;

  template <class A>
  void Fields(A& a) {
    a(update_rate_ms, keep_alive_ms);
  }
};

struct AddedItems {
  std::vector<int32_t> errors;
  std::vector<uint16_t> canonical_types;
  std::vector<uint32_t> access_rights;

  template <class A>
  void Fields(A& a) {
    a(errors, canonical_types, access_rights);
  }
};

struct Errors {
  std::vector<int32_t> errors;

  template <class A>
  void Fields(A& a) {
    a(errors);
  }
};

struct States {
  std::vector<int32_t> errors;
  std::vector<uint16_t> qualities;
  std::vector<uint64_t> timestamps;
  Values values;

  template <class A>
  void Fields(A& a) {
    a(errors, qualities, timestamps, values);
  }
};

struct BrowseAnswer {
  OptionalText continuation;
  Bool more;
  std::vector<BrowseElement> elements;

  template <class A>
  void Fields(A& a) {
    a(continuation, more, elements);
  }
};

struct Names {
  std::vector<Text> names;

  template <class A>
  void Fields(A& a) {
    a(names);
  }
};

struct OrganizationAnswer {
  uint32_t organization = 0;

  template <class A>
  void Fields(A& a) {
    a(organization);
  }
};

struct ItemIdsAnswer {
  std::vector<int32_t> errors;
  std::vector<OptionalText> item_ids;

  template <class A>
  void Fields(A& a) {
    a(errors, item_ids);
  }
};

struct PropertiesAnswer {
  std::vector<uint32_t> ids;
  std::vector<OptionalText> descriptions;
  std::vector<uint16_t> types;

  template <class A>
  void Fields(A& a) {
    a(ids, descriptions, types);
  }
};

struct PropertyValues {
  std::vector<int32_t> errors;
  Values values;

  template <class A>
  void Fields(A& a) {
    a(errors, values);
  }
};

struct PropertyLists {
  std::vector<PropertyList> lists;

  template <class A>
  void Fields(A& a) {
    a(lists);
  }
};

}  // namespace understudy::wire
