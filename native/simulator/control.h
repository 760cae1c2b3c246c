// Commands as lines of JSON on standard input, answered on standard output: the same as those of the OPC UA simulator
// where they make sense. They work while the server hangs.
#pragma once

#include <functional>
#include <string>

#include "world.h"

namespace understudy::simulator {

// {"id":1,"command":"quality","item":"Ramp0","good":false} and so on. Returns the answer's line.
std::string Control(World& world, const std::string& line);

}  // namespace understudy::simulator
