export { createFaultList, type FaultList, type Picker } from './fault-picker.ts'
export type { WireFaultKind, WireFaults, WireScript } from './faults.ts'
export { type FaultProxy, type FaultProxyOptions, startFaultProxy, type WireExchange } from './proxy.ts'
export { createFaultScript, type FaultScriptOptions } from './script.ts'
