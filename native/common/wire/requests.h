// The requests of native/wire/PROTOCOL.md, fields in the order of the wire.
#pragma once

#include "parts.h"
#include "space_requests.h"

namespace understudy::wire {

struct Hello {
  static constexpr uint16_t kType = 0x0001;
  uint32_t magic = kHelloMagic;
  uint16_t major = kProtocolMajor;
  uint16_t minor = kProtocolMinor;
  uint8_t leg = 0;
  uint32_t process_id = 0;
  Text program;
  OptionalText token;
  OptionalText target;

  template <class A>
  void Fields(A& a) {
    a(magic, major, minor, leg, process_id, program, token, target);
  }
};

struct Ping {
  static constexpr uint16_t kType = 0x0002;

  template <class A>
  void Fields(A&) {}
};

struct Cancel {
  static constexpr uint16_t kType = 0x0003;
  uint32_t request = 0;

  template <class A>
  void Fields(A& a) {
    a(request);
  }
};

struct ListServers {
  static constexpr uint16_t kType = 0x0010;
  Text machine;
  uint8_t versions = 0;

  template <class A>
  void Fields(A& a) {
    a(machine, versions);
  }
};

struct OpenServer {
  static constexpr uint16_t kType = 0x0011;
  uint32_t server = 0;
  Text id;
  Text machine;
  uint32_t class_context = 0;
  uint32_t authentication = 0;

  template <class A>
  void Fields(A& a) {
    a(server, id, machine, class_context, authentication);
  }
};

struct CloseServer {
  static constexpr uint16_t kType = 0x0012;
  uint32_t server = 0;

  template <class A>
  void Fields(A& a) {
    a(server);
  }
};

struct GetStatus {
  static constexpr uint16_t kType = 0x0013;
  uint32_t server = 0;

  template <class A>
  void Fields(A& a) {
    a(server);
  }
};

struct GetErrorString {
  static constexpr uint16_t kType = 0x0014;
  uint32_t server = 0;
  int32_t error = 0;
  uint32_t locale = 0;

  template <class A>
  void Fields(A& a) {
    a(server, error, locale);
  }
};

struct SetLocale {
  static constexpr uint16_t kType = 0x0015;
  uint32_t server = 0;
  uint32_t locale = 0;

  template <class A>
  void Fields(A& a) {
    a(server, locale);
  }
};

struct QueryLocales {
  static constexpr uint16_t kType = 0x0016;
  uint32_t server = 0;

  template <class A>
  void Fields(A& a) {
    a(server);
  }
};

struct SetClientName {
  static constexpr uint16_t kType = 0x0017;
  uint32_t server = 0;
  Text name;

  template <class A>
  void Fields(A& a) {
    a(server, name);
  }
};

struct AddGroup {
  static constexpr uint16_t kType = 0x0020;
  uint32_t server = 0;
  uint32_t group = 0;
  Text name;
  Bool active;
  uint32_t update_rate_ms = 0;
  int32_t time_bias_minutes = 0;
  float deadband_percent = 0;
  uint32_t locale = 0;
  uint32_t keep_alive_ms = 0;

  template <class A>
  void Fields(A& a) {
    a(server, group, name, active, update_rate_ms, time_bias_minutes, deadband_percent, locale, keep_alive_ms);
  }
};

struct RemoveGroup {
  static constexpr uint16_t kType = 0x0021;
  uint32_t server = 0;
  uint32_t group = 0;

  template <class A>
  void Fields(A& a) {
    a(server, group);
  }
};

struct SetGroupState {
  static constexpr uint16_t kType = 0x0022;
  uint32_t server = 0;
  uint32_t group = 0;
  uint8_t change = 0;
  Bool active;
  uint32_t update_rate_ms = 0;
  int32_t time_bias_minutes = 0;
  float deadband_percent = 0;
  uint32_t locale = 0;
  uint32_t keep_alive_ms = 0;

  template <class A>
  void Fields(A& a) {
    a(server, group, change, active, update_rate_ms, time_bias_minutes, deadband_percent, locale, keep_alive_ms);
  }
};

struct AddItems {
  static constexpr uint16_t kType = 0x0030;
  uint32_t server = 0;
  uint32_t group = 0;
  std::vector<ItemDefinition> items;

  template <class A>
  void Fields(A& a) {
    a(server, group, items);
  }
};

struct ValidateItems {
  static constexpr uint16_t kType = 0x0031;
  uint32_t server = 0;
  uint32_t group = 0;
  std::vector<ItemDefinition> items;

  template <class A>
  void Fields(A& a) {
    a(server, group, items);
  }
};

struct RemoveItems {
  static constexpr uint16_t kType = 0x0032;
  uint32_t server = 0;
  uint32_t group = 0;
  std::vector<uint32_t> items;

  template <class A>
  void Fields(A& a) {
    a(server, group, items);
  }
};

struct SetItemsActive {
  static constexpr uint16_t kType = 0x0033;
  uint32_t server = 0;
  uint32_t group = 0;
  Bool active;
  std::vector<uint32_t> items;

  template <class A>
  void Fields(A& a) {
    a(server, group, active, items);
  }
};

struct SetDatatypes {
  static constexpr uint16_t kType = 0x0034;
  uint32_t server = 0;
  uint32_t group = 0;
  std::vector<uint32_t> items;
  std::vector<uint16_t> types;

  template <class A>
  void Fields(A& a) {
    a(server, group, items, types);
  }
};

struct Read {
  static constexpr uint16_t kType = 0x0040;
  uint32_t server = 0;
  uint32_t group = 0;
  uint8_t source = 0;
  uint8_t via = 0;
  uint32_t max_age_ms = 0;
  std::vector<uint32_t> items;

  template <class A>
  void Fields(A& a) {
    a(server, group, source, via, max_age_ms, items);
  }
};

struct Write {
  static constexpr uint16_t kType = 0x0041;
  uint32_t server = 0;
  uint32_t group = 0;
  uint8_t via = 0;
  std::vector<uint32_t> items;
  Values values;
  std::vector<uint8_t> given;
  std::vector<uint16_t> qualities;
  std::vector<uint64_t> timestamps;

  template <class A>
  void Fields(A& a) {
    a(server, group, via, items, values, given, qualities, timestamps);
  }
};

struct Refresh {
  static constexpr uint16_t kType = 0x0042;
  uint32_t server = 0;
  uint32_t group = 0;
  uint8_t source = 0;
  uint32_t transaction = 0;

  template <class A>
  void Fields(A& a) {
    a(server, group, source, transaction);
  }
};

}  // namespace understudy::wire
