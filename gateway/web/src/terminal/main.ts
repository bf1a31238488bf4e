import { createApp } from 'vue'
import '@/kit/tokens.css'
import '@/kit/kit.css'
import './terminal.css'
import Terminal from './Terminal.vue'

createApp(Terminal).mount('#face')
