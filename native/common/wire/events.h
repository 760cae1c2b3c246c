// The events of native/wire/PROTOCOL.md.
#pragma once

#include "responses.h"

namespace understudy::wire {

struct DataChange {
  static constexpr uint16_t kType = 0x4001;
  uint32_t server = 0;
  uint32_t group = 0;
  uint32_t transaction = 0;
  int32_t master_quality = 0;
  int32_t master_error = 0;
  std::vector<uint32_t> items;
  States states;

  template <class A>
  void Fields(A& a) {
    a(server, group, transaction, master_quality, master_error, items, states);
  }
};

struct Shutdown {
  static constexpr uint16_t kType = 0x4002;
  uint32_t server = 0;
  OptionalText reason;

  template <class A>
  void Fields(A& a) {
    a(server, reason);
  }
};

struct ServerLost {
  static constexpr uint16_t kType = 0x4003;
  uint32_t server = 0;
  int32_t error = 0;
  Text detail;

  template <class A>
  void Fields(A& a) {
    a(server, error, detail);
  }
};

struct Overflow {
  static constexpr uint16_t kType = 0x4004;
  uint32_t server = 0;
  uint32_t group = 0;
  uint64_t values = 0;

  template <class A>
  void Fields(A& a) {
    a(server, group, values);
  }
};

struct Log {
  static constexpr uint16_t kType = 0x4005;
  uint8_t level = 0;
  Text text;

  template <class A>
  void Fields(A& a) {
    a(level, text);
  }
};

struct Unknown {
  static constexpr uint16_t kType = 0x7FFF;
  uint16_t type = 0;
  uint32_t correlation = 0;

  template <class A>
  void Fields(A& a) {
    a(type, correlation);
  }
};

}  // namespace understudy::wire
