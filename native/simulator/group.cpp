#include "group.h"

#include <algorithm>

namespace understudy::simulator {
namespace {

// Update instants that may be caught up with when the thread came late, so that no tick is lost under load.
constexpr int64_t kMostLateInstants = 50;

}  // namespace

Rows::~Rows() {
  for (VARIANT& value : values) VariantClear(&value);
}

void Rows::Add(OPCHANDLE handle, Sample&& sample, HRESULT error) {
  handles.push_back(handle);
  values.push_back(sample.value.Detach());
  qualities.push_back(sample.quality);
  times.push_back(sample.time);
  errors.push_back(error);
}

bool Rows::HasErrors() const {
  return std::any_of(errors.begin(), errors.end(), [](HRESULT error) { return error != S_OK; });
}

bool Rows::HasBadQuality() const {
  return std::any_of(qualities.begin(), qualities.end(),
                     [](WORD quality) { return (quality & OPC_QUALITY_MASK) != OPC_QUALITY_GOOD; });
}

Group::Group(std::shared_ptr<World> world, OPCHANDLE server_handle, GroupSettings settings)
    : world_(std::move(world)), server_handle_(server_handle), settings_(std::move(settings)) {
  ScheduleFromNow();
  thread_ = std::thread([this] { Run(); });
}

Group::~Group() { Close(); }

void Group::Close() {
  {
    std::lock_guard lock(mutex_);
    if (closing_) return;
    closing_ = true;
    is_name_taken = nullptr;
    clone = nullptr;
  }
  wake_.notify_all();
  // A callback of this very thread may have led here.
  if (thread_.get_id() == std::this_thread::get_id()) thread_.detach();
  else thread_.join();
  sinks_->Clear();
  advise_.Clear();
}

OPCHANDLE Group::client_handle() const {
  std::lock_guard lock(mutex_);
  return settings_.client_handle;
}

std::wstring Group::name() const {
  std::lock_guard lock(mutex_);
  return settings_.name;
}

DWORD Group::RevisedRate(DWORD requested_ms) {
  const uint64_t steps = (uint64_t{requested_ms} + kRateStepMs - 1) / kRateStepMs;
  return static_cast<DWORD>(std::min<uint64_t>(std::max<uint64_t>(steps, 1) * kRateStepMs, 86400000));
}

// Update instants are the multiples of the rate since the epoch, plus the phase.
void Group::ScheduleFromNow() {
  const int64_t origin = kEpochMs + world_->options.phase_ms;
  const int64_t rate = settings_.rate_ms;
  next_instant_ms_ = origin + (TickAt(NowMs() - world_->options.phase_ms, rate) + 1) * rate;
  last_callback_ms_ = NowMs();
}

void Group::Run() {
  CoInitializeEx(nullptr, COINIT_MULTITHREADED);
  std::unique_lock lock(mutex_);
  while (!closing_) {
    int64_t until_ms = next_instant_ms_;
    for (const Task& task : tasks_) until_ms = std::min(until_ms, task.due_ms);
    const int64_t wait_ms = std::min<int64_t>(until_ms - NowMs(), 1000);
    if (wait_ms > 0) {
      wake_.wait_for(lock, std::chrono::milliseconds(wait_ms));
      continue;
    }
    lock.unlock();
    world_->faults.WaitWhileHanging();
    RunDueTasks();
    RunDueUpdates();
    lock.lock();
  }
  lock.unlock();
  CoUninitialize();
}

void Group::RunDueTasks() {
  for (;;) {
    Task task;
    {
      std::lock_guard lock(mutex_);
      const int64_t now_ms = NowMs();
      const auto due = std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& each) { return each.due_ms <= now_ms; });
      if (due == tasks_.end() || closing_) return;
      task = std::move(*due);
      tasks_.erase(due);
    }
    task.run(task.cancel_id);
  }
}

void Group::RunDueUpdates() {
  for (;;) {
    int64_t instant_ms;
    {
      std::lock_guard lock(mutex_);
      const int64_t now_ms = NowMs();
      const int64_t oldest_ms = now_ms - kMostLateInstants * settings_.rate_ms;
      while (next_instant_ms_ < oldest_ms) next_instant_ms_ += settings_.rate_ms;
      if (next_instant_ms_ > now_ms || closing_) return;
      instant_ms = next_instant_ms_;
      next_instant_ms_ += settings_.rate_ms;
    }
    Update(instant_ms);
  }
}

bool Group::HasChanged(GroupItem& item, int64_t instant_ms) const {
  const uint64_t version = item.item->Version(instant_ms);
  const WORD quality = item.item->Quality();
  if (item.sent_version == version && item.sent_quality == quality) return false;
  if (item.sent_version && item.sent_quality == quality && item.item->is_analog() && settings_.deadband > 0) {
    const double number = V_R8(&item.item->SampleAt(instant_ms).value.get());
    const double range = item.item->high_eu() - item.item->low_eu();
    if (std::abs(number - item.sent_number) <= settings_.deadband / 100 * range) return false;
    item.sent_number = number;
  }
  item.sent_version = version;
  item.sent_quality = quality;
  return true;
}

void Group::Update(int64_t instant_ms) {
  Rows rows;
  bool keep_alive = false;
  {
    std::lock_guard lock(mutex_);
    if (!settings_.active || closing_) return;
    const bool listening = enabled_ && HasCallback();
    if (!listening && advise_.empty()) return;
    for (auto& [handle, item] : items_) {
      if (!item.active || !HasChanged(item, instant_ms)) continue;
      Sample sample = item.item->SampleAt(instant_ms);
      const HRESULT error = ConvertTo(item.requested_type, sample.value.get());
      if (FAILED(error)) sample.quality = OPC_QUALITY_BAD;
      if (item.item->is_analog() && V_VT(&sample.value.get()) == VT_R8) item.sent_number = V_R8(&sample.value.get());
      rows.Add(item.client_handle, std::move(sample), error);
    }
    const int64_t now_ms = NowMs();
    keep_alive = settings_.keep_alive_ms > 0 && now_ms - last_callback_ms_ >= settings_.keep_alive_ms;
    if (!rows.handles.empty() || keep_alive) last_callback_ms_ = now_ms;
  }
  if (rows.handles.empty() && !keep_alive) return;
  world_->last_update_ms = instant_ms;
  SendChanges(0, rows);
}

void Group::SendChanges(DWORD transaction, const Rows& rows) {
  const OPCHANDLE client_group = client_handle();
  const auto count = static_cast<DWORD>(rows.handles.size());
  const HRESULT quality = rows.HasBadQuality() ? S_FALSE : S_OK;
  const HRESULT error = rows.HasErrors() ? S_FALSE : S_OK;
  Rows& all = const_cast<Rows&>(rows);  // the interface takes pointers to what it must not change
  CallSinks([&](IOPCDataCallback& sink) {
    return sink.OnDataChange(transaction, client_group, quality, error, count, all.handles.data(), all.values.data(),
                             all.qualities.data(), all.times.data(), all.errors.data());
  });
  if (count > 0) advise_.SendData(client_group, transaction, error, rows);
  world_->values_sent += count;
}

void Group::CallSinks(const std::function<HRESULT(IOPCDataCallback&)>& call) {
  for (const auto& [cookie, sink] : sinks_->Snapshot()) {
    if (IsClientGone(call(*sink.get()))) sinks_->Remove(cookie);
  }
}

STDMETHODIMP Group::FindConnectionPoint(REFIID iid, IConnectionPoint** out) {
  world_->faults.Pass();
  if (!out) return E_POINTER;
  *out = nullptr;
  if (!IsEqualIID(iid, __uuidof(IOPCDataCallback))) return CONNECT_E_NOCONNECTION;
  *out = new ConnectionPoint<IOPCDataCallback>(this, sinks_);
  return S_OK;
}

}  // namespace understudy::simulator
