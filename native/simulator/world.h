// What all server objects of one simulator process share.
#pragma once

#include <opccomn.h>

#include <set>

#include "../common/com/connection_points.h"
#include "address_space.h"

namespace understudy::simulator {

class Server;

struct Options {
  int instance = 1;
  ItemCounts counts;
  int64_t period_ms = 100;
  // Offset of the update instants from the multiples of their rate.
  int64_t phase_ms = 3;
};

struct World {
  explicit World(const Options& given)
      : options(given), space(given.counts, faults, given.period_ms), start_ms(NowMs()) {}

  const Options options;
  Faults faults;
  AddressSpace space;
  const int64_t start_ms;
  std::atomic<int64_t> last_update_ms{0};
  // IOPCShutdown sinks of all clients.
  const std::shared_ptr<SinkList<IOPCShutdown>> shutdown_sinks = std::make_shared<SinkList<IOPCShutdown>>();
  // Values handed to clients since the start.
  std::atomic<uint64_t> values_sent{0};
};

}  // namespace understudy::simulator
