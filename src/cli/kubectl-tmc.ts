/** `kubectl tmc`: the same commands as `tmc`, where kubectl looks for plug-ins. */
import './tmc.ts';
