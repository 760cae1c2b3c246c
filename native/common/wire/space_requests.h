// The requests that need no group: items by id, browsing, properties. Fields in the order of the wire.
#pragma once

#include "parts.h"

namespace understudy::wire {

struct ReadItemIds {
  static constexpr uint16_t kType = 0x0044;
  uint32_t server = 0;
  std::vector<Text> item_ids;
  std::vector<uint32_t> max_ages_ms;

  template <class A>
  void Fields(A& a) {
    a(server, item_ids, max_ages_ms);
  }
};

struct WriteItemIds {
  static constexpr uint16_t kType = 0x0045;
  uint32_t server = 0;
  std::vector<Text> item_ids;
  Values values;
  std::vector<uint8_t> given;
  std::vector<uint16_t> qualities;
  std::vector<uint64_t> timestamps;

  template <class A>
  void Fields(A& a) {
    a(server, item_ids, values, given, qualities, timestamps);
  }
};

struct Browse {
  static constexpr uint16_t kType = 0x0050;
  uint32_t server = 0;
  Text item_id;
  OptionalText continuation;
  uint32_t max_elements = 0;
  uint32_t filter = 0;
  Text name_filter;
  Text vendor_filter;
  Bool all_properties;
  Bool property_values;
  std::vector<uint32_t> properties;

  template <class A>
  void Fields(A& a) {
    a(server, item_id, continuation, max_elements, filter, name_filter, vendor_filter, all_properties, property_values, properties);
  }
};

struct BrowseAddressSpace {
  static constexpr uint16_t kType = 0x0051;
  uint32_t server = 0;
  std::vector<Text> path;
  uint32_t browse_type = 0;
  Text filter;
  uint16_t data_type = 0;
  uint32_t access_rights = 0;

  template <class A>
  void Fields(A& a) {
    a(server, path, browse_type, filter, data_type, access_rights);
  }
};

struct QueryOrganization {
  static constexpr uint16_t kType = 0x0052;
  uint32_t server = 0;

  template <class A>
  void Fields(A& a) {
    a(server);
  }
};

struct GetItemIds {
  static constexpr uint16_t kType = 0x0053;
  uint32_t server = 0;
  std::vector<Text> path;
  std::vector<Text> names;

  template <class A>
  void Fields(A& a) {
    a(server, path, names);
  }
};

struct BrowseAccessPaths {
  static constexpr uint16_t kType = 0x0054;
  uint32_t server = 0;
  Text item_id;

  template <class A>
  void Fields(A& a) {
    a(server, item_id);
  }
};

struct QueryProperties {
  static constexpr uint16_t kType = 0x0060;
  uint32_t server = 0;
  Text item_id;

  template <class A>
  void Fields(A& a) {
    a(server, item_id);
  }
};

struct GetItemProperties {
  static constexpr uint16_t kType = 0x0061;
  uint32_t server = 0;
  Text item_id;
  std::vector<uint32_t> ids;

  template <class A>
  void Fields(A& a) {
    a(server, item_id, ids);
  }
};

struct LookupItemIds {
  static constexpr uint16_t kType = 0x0062;
  uint32_t server = 0;
  Text item_id;
  std::vector<uint32_t> ids;

  template <class A>
  void Fields(A& a) {
    a(server, item_id, ids);
  }
};

struct GetProperties {
  static constexpr uint16_t kType = 0x0063;
  uint32_t server = 0;
  std::vector<Text> item_ids;
  Bool property_values;
  std::vector<uint32_t> ids;

  template <class A>
  void Fields(A& a) {
    a(server, item_ids, property_values, ids);
  }
};

}  // namespace understudy::wire
