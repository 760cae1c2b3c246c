// What nearly every file includes, compiled once a build: reading these takes most of a compiler's time. Files still
// include what they use. Headers that define GUIDs stay out; common/com/guids.cpp decides how they do.
#include <winsock2.h>
#include <windows.h>
#include <objbase.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>
