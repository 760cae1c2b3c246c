#include "item.h"

namespace understudy::simulator {
namespace {

constexpr int64_t kWatchdogPeriodMs = 100;
constexpr int64_t kSinePeriodTicks = 600;
constexpr double kPi = 3.14159265358979323846;
constexpr LCID kInvariant = 0x7F;

}  // namespace

Item::Item(std::wstring id, std::wstring name, Source source, VARTYPE type, int index, const Faults& faults,
           int64_t period_ms)
    : id_(std::move(id)),
      name_(std::move(name)),
      source_(source),
      type_(type),
      index_(index),
      faults_(faults),
      period_ms_(period_ms),
      stored_time_(FiletimeOf(NowMs())) {
  V_VT(&stored_.get()) = VT_I4;
  V_I4(&stored_.get()) = 0;
  if (!(type & VT_ARRAY)) ConvertTo(type, stored_.get());
}

uint64_t Item::Version(int64_t now_ms) const {
  switch (source_) {
    case Source::kStored:
      return stored_version_;
    case Source::kWatchdog:
      return static_cast<uint64_t>(TickAt(faults_.WatchdogTime(now_ms), kWatchdogPeriodMs));
    default:
      return static_cast<uint64_t>(TickAt(now_ms, period_ms_));
  }
}

WORD Item::Quality() const {
  if (faultable) {
    if (const int own = fault_quality_; own >= 0) return static_cast<WORD>(own);
    if (const int all = faults_.all_quality(); all >= 0) return static_cast<WORD>(all);
  }
  if (source_ != Source::kStored) return OPC_QUALITY_GOOD;
  std::lock_guard lock(mutex_);
  return stored_quality_;
}

Sample Item::SampleAt(int64_t now_ms) const {
  Sample sample;
  sample.version = Version(now_ms);
  sample.quality = Quality();
  const auto tick = static_cast<int64_t>(sample.version);
  VARIANT& value = sample.value.get();
  switch (source_) {
    case Source::kRamp:
      V_VT(&value) = VT_R8;
      V_R8(&value) = static_cast<double>(tick + index_);
      sample.time = FiletimeOf(TickTimeMs(tick, period_ms_));
      break;
    case Source::kSine:
      V_VT(&value) = VT_R8;
      V_R8(&value) = std::sin(2 * kPi * static_cast<double>((tick + index_ * 7) % kSinePeriodTicks) / kSinePeriodTicks);
      sample.time = FiletimeOf(TickTimeMs(tick, period_ms_));
      break;
    case Source::kDateTime:
      V_VT(&value) = VT_DATE;
      V_DATE(&value) = DateOf(TickTimeMs(tick, period_ms_));
      sample.time = FiletimeOf(TickTimeMs(tick, period_ms_));
      break;
    case Source::kWatchdog:
      V_VT(&value) = VT_UI4;
      V_UI4(&value) = static_cast<ULONG>(tick);
      sample.time = FiletimeOf(TickTimeMs(tick, kWatchdogPeriodMs));
      break;
    case Source::kStored: {
      std::lock_guard lock(mutex_);
      sample.version = stored_version_;
      sample.value = stored_;
      sample.time = stored_time_;
      break;
    }
  }
  return sample;
}

HRESULT Item::Write(const VARIANT& value, const WORD* quality, const FILETIME* time) {
  if (source_ != Source::kStored) return OPC_E_BADRIGHTS;
  Variant converted;
  HRESULT result = VariantCopy(converted.Out(), const_cast<VARIANT*>(&value));
  if (SUCCEEDED(result)) result = ConvertTo(type_, converted.get());
  if (FAILED(result)) return result;
  {
    std::lock_guard lock(mutex_);
    stored_ = converted;
    stored_quality_ = quality ? *quality : OPC_QUALITY_GOOD;
    stored_time_ = time ? *time : FiletimeOf(NowMs());
    ++stored_version_;
  }
  if (on_write) on_write(converted.get());
  return S_OK;
}

HRESULT ConvertTo(VARTYPE wanted, VARIANT& value) {
  if (wanted == VT_EMPTY || V_VT(&value) == wanted) return S_OK;
  if ((V_VT(&value) | wanted) & VT_ARRAY) return OPC_E_BADTYPE;
  const HRESULT result = VariantChangeTypeEx(&value, &value, kInvariant, 0, wanted);
  if (result == DISP_E_OVERFLOW) return OPC_E_RANGE;
  return FAILED(result) ? OPC_E_BADTYPE : S_OK;
}

}  // namespace understudy::simulator
